// Where the connection to the server breaks: says so, tries again, and loads the page anew once the
// server answers, into the session that it had if that still lives. The drawing is kept; drawing
// goes on meanwhile.

import { h, remembered } from "./dom.js";

const SOON = 400 // milliseconds until a loss is told, or it is tried again
const LONGEST = 3000 // between two tries
const ENOUGH = 60000 // until a person is told what to do
const PATIENCE = 3000 // with one question to the server
const PROMPT = 2000 // a server that answers so soon is not busy
const DEAF = 8000 // without an answer on it, until a connection counts as lost
const BUILDING = 20000 // until a page that has not come up counts as broken
const RECENT = 600000 // how long the page remembers that it was loaded anew

const SLOW = "The server is slow to answer. Your drawing is kept."
const TRYING = "Connection lost. Trying again …"
const NO_ANSWER = "Still no answer. Your drawing is kept: check the network, or start the server again."
const BY_HAND = "Connection lost. Reload this page to go on."
const BACK = "Connected again."
const ANEW = "This page had to begin anew: your drawing is kept, networks trained here are gone."

// What the server calls this visit. A cookie names it, which all tabs send along, so the address
// says for one reload whose cookie is meant: by the beginning, which opens nothing to others.
const session = document.querySelector('meta[name="mnist-visual-session"]')?.content ?? ""
const visit = session.slice(0, 12)
const { dataset } = document.documentElement
const pause = (time) => new Promise((resolve) => setTimeout(resolve, time))

class Connection {
  constructor() {
    this.banner = h("p", { class: "connection", role: "status" })
    document.body.append(this.banner)
    this.since = 0 // when the trouble began; 0 while there is none
    this.silent = 0 // since when something waits for its answer, if the connection is still there
    this.penDown = false
    for (const name of ["pointerdown", "pointerup", "pointercancel"]) {
      addEventListener(name, () => (this.penDown = name === "pointerdown"), true)
    }
    addEventListener("mnist-visual:silence", (event) => this.hear(event))
    for (const name of ["online", "visibilitychange"]) addEventListener(name, () => this.hurry?.())
    addEventListener("load", () => setTimeout(() => this.isUp || this.lose(), BUILDING))
    this.greet()
    this.follow()
  }

  // After the page was loaded anew.
  greet() {
    visitAddress(null)
    const before = remembered(() => sessionStorage.getItem("mnist-visual:before"))
    remembered(() => sessionStorage.removeItem("mnist-visual:before"))
    if (!before) return
    const { had, trained } = JSON.parse(before)
    const isGone = trained && had !== session
    this.say(isGone ? ANEW : BACK, isGone ? 20000 : 4000)
  }

  async follow() {
    while (!window.Bokeh?.documents?.length) await pause(200)
    this.isUp = true
    window.Bokeh.documents[0].on_event("connection_lost", () => this.lose())
  }

  say(text, time = null) {
    clearTimeout(this.saying)
    if (this.banner.textContent !== text) this.banner.textContent = text
    if (time) this.saying = setTimeout(() => this.say(""), time)
  }

  lose() {
    this.isLost = true
    this.trouble()
  }

  // Some view waits for an answer, or has it at last.
  hear(event) {
    event.preventDefault() // the view need not say so
    this.silent = event.detail ? this.silent || performance.now() : 0
    if (this.silent) this.trouble()
    else if (this.since && !this.isLost) this.recover()
  }

  recover() {
    this.since = 0
    this.say(this.banner.textContent && BACK, 2000)
  }

  // Tries again and again, until it is over.
  async trouble() {
    if (this.since) return
    const since = (this.since = performance.now())
    for (let wait = SOON; this.since === since; wait = Math.min(2 * wait, LONGEST)) {
      await Promise.race([pause(wait), new Promise((resolve) => (this.hurry = resolve))])
      if (this.since === since) await this.attempt()
    }
  }

  async attempt() {
    const asked = performance.now()
    const answers = await isThere()
    const now = performance.now()
    if (!this.since) return
    const isDeaf = this.silent && now - this.silent > DEAF && now - asked < PROMPT
    if (!answers) this.say(now - this.since > ENOUGH ? NO_ANSWER : TRYING)
    else if (!this.isLost && !isDeaf) this.say(SLOW)
    else if (!this.penDown) this.reload()
  }

  // Ever less often, if it does not help.
  reload() {
    const before = JSON.stringify({ had: session, trained: "trained" in dataset })
    const isKept = remembered(() => {
      const known = JSON.parse(sessionStorage.getItem("mnist-visual:reloads") ?? "[]")
      const times = known.filter((time) => Date.now() - time < RECENT)
      if (Date.now() - times.at(-1) < 1000 * Math.min(60, 2 ** times.length)) return "later"
      sessionStorage.setItem("mnist-visual:reloads", JSON.stringify([...times, Date.now()]))
      sessionStorage.setItem("mnist-visual:before", before)
      return "now"
    })
    if (isKept === "now") {
      document.cookie = `mnist-visual-session-${visit}=${session}; max-age=30; samesite=strict`
      visitAddress(visit)
      location.reload()
      this.since = 0
    } else this.say(isKept ? TRYING : BY_HAND)
  }
}

function visitAddress(name) {
  const url = new URL(location.href)
  if (url.searchParams.get("rejoin") === name) return
  if (name) url.searchParams.set("rejoin", name)
  else url.searchParams.delete("rejoin")
  history.replaceState(history.state, "", url)
}

// A server that was renewed does not have this script any more: it answers, and that is enough.
async function isThere() {
  try {
    const options = { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(PATIENCE) }
    return (await fetch(import.meta.url, options)).status < 500
  } catch {
    return false
  }
}

new Connection()
