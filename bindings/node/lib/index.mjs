// The same exports for import.
import librq from './index.cjs'

export const {
  Cookies, Headers, Prepared, RequestError, Response, Session, fetch, file, version,
  request, get, head, options, post, put, patch
} = librq
const { delete: remove } = librq
export { remove as delete }
