/** The worker's program (program.ts), which takes a while to load: what it may be told meanwhile is listened to first. */
import './told.ts'

await import('./program.ts')
