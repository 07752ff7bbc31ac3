// What each kind of layer does, in plain words, and the lesson about it.

const KINDS = {
  input: ["What it sees", "training"],
  convolution: ["Filters look for patterns", "convolution"],
  "grouped convolution": ["Filters look at groups of maps", "convolution"],
  "depthwise convolution": ["Each map has its own filter", "convolution"],
  "max pooling": ["Only the strongest stay", "pooling"],
  "average pooling": ["Neighbours are averaged", "pooling"],
  dense: ["Everything is weighed", "dense"],
  softmax: ["Scores become shares", "dense"],
  activation: ["Each value is bent", "activation"],
  "batch normalization": ["Values are evened out", "architecture"],
  rescaling: ["Values are rescaled", "architecture"],
  sum: ["Layers are added", "architecture"],
  concatenation: ["Layers are joined", "architecture"],
  reshape: ["The same values, laid out anew", "architecture"],
  padding: ["Zeros around the edge", "architecture"],
  cropping: ["The edge is cut off", "architecture"],
  dropout: ["Only in training", "architecture"],
  identity: ["Only in training", "architecture"],
  unknown: ["Something of its own", "architecture"],
}

export const kindWords = (what) => KINDS[what]?.[0] ?? what

export const kindLesson = (what) => KINDS[what]?.[1] ?? "architecture"
