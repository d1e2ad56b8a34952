/**
 * What separates the parts of a mail (RFC 2046 §5.1.1). It may be the same for all mails: quoted-printable never has a
 * `=_`, base64 no `_`, and a part that is not encoded is looked through for it.
 */
export const BOUNDARY = '=_alternative'
export const DELIMITER = `--${BOUNDARY}`
