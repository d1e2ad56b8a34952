/** Text of a Secret: `kubectl create secret --from-file` and editors leave a line feed at its end that nobody means. */

/** Without one line feed at the end, with or without a carriage return; everything else belongs to the secret. */
export function withoutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, '')
}
