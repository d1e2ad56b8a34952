/** Of what a server or an error says: further lines are dumps and traces. */
export const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
