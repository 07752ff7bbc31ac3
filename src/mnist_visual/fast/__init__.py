"""Training on a CPU as fast as the arithmetic allows, with Keras's models and to Keras's numbers.

`windows` has convolutions and pooling for arrays with the batch last, `layers` makes the kinds of
layers of them, `network` a whole model, `objective` adds the loss, `steps` compiles an epoch into
one program on all CPU devices, and `loop` runs it between the callbacks of Keras.
"""
