// The answers to the views of the lessons: which is open, and its text. All of it can be read.

export class Lessons {
  // Of {topic, title, idea, insight}, in their order.
  constructor(lessons, topic) {
    Object.assign(this, { lessons, followers: [] })
    this.open(lessons.some((lesson) => lesson.topic === topic) ? topic : lessons[0].topic)
  }

  open(topic) {
    const place = this.lessons.findIndex((lesson) => lesson.topic === topic)
    if (place < 0) return
    this.place = place
    for (const callback of this.followers) callback()
  }

  answers(more) {
    return {
      state: () => {
        const { topic } = this.lessons[this.place]
        return { kind: "show", topic, place: this.place, count: this.lessons.length, ...more() }
      },
      hear: ({ kind, topic }) => kind === "open" && this.open(topic),
    }
  }

  get contents() {
    return this.answers(() => ({ lessons: this.lessons.map(({ topic, title }) => [topic, title, false]) }))
  }

  get idea() {
    return this.answers(() => {
      const { title, idea } = this.lessons[this.place]
      return { title, idea, task: "", finished: false }
    })
  }

  get insight() {
    return this.answers(() => {
      const next = this.lessons[this.place + 1]
      return { insight: this.lessons[this.place].insight, finished: true, next: next ? [next.topic, next.title] : null }
    })
  }
}
