/**
 * When the process was told to stop. Heard from the moment that this is loaded: the first process of a container, which
 * workers are, is not ended by a signal that it does not listen to, and would work on until it is killed.
 */

const stop = new AbortController()
const tell = (signal: NodeJS.Signals) => {
  stop.abort(new Error(signal))
}
// Some tell it twice, such as timeout(1).
process.on('SIGTERM', tell)
// A second Ctrl-C ends it at once.
process.once('SIGINT', tell)

/** The message of its reason is the name of the signal. */
export const told: AbortSignal = stop.signal
