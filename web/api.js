// The only module that talks to the server. Every call answers with parsed
// JSON or throws an ApiError that a page can show to a person.

const kBase = '/api/v1';
const kTimeoutMs = 10000;

export class ApiError extends Error {
  constructor(message, { code = 'unknown', status = 0, parameter = null } = {}) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.parameter = parameter;
  }

  get notFound() {
    return this.status === 404;
  }
}

export const isAbort = (error) => error?.name === 'AbortError';

async function get(path, parameters = {}, signal = null) {
  const url = new URL(kBase + path, location.origin);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, kTimeoutMs);
  const forward = () => controller.abort();
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted) controller.abort();
  try {
    const started = performance.now();
    const response = await fetch(url, {
      headers: { accept: 'application/json' },
      signal: controller.signal,
    });
    let body = null;
    try {
      body = await response.json();
    } catch (error) {
      if (isAbort(error)) throw error;
    }
    if (!response.ok) {
      throw new ApiError(body?.error?.message ?? `The server answered ${response.status}.`, {
        code: body?.error?.code,
        status: response.status,
        parameter: body?.error?.parameter,
      });
    }
    if (body === null || typeof body !== 'object') {
      throw new ApiError('The server sent an answer that could not be read.', {
        code: 'bad_answer',
        status: response.status,
      });
    }
    return { body, milliseconds: performance.now() - started };
  } catch (error) {
    if (timedOut) {
      throw new ApiError(`The server did not answer within ${kTimeoutMs / 1000} seconds.`, {
        code: 'timeout',
      });
    }
    if (error instanceof ApiError || isAbort(error)) throw error;
    throw new ApiError('The server could not be reached.', { code: 'network' });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', forward);
  }
}

const listOf = (value) => (Array.isArray(value) ? value : []);

let configPromise = null;

// Pages still work when the configuration cannot be read.
export function config() {
  configPromise ??= get('/config').then(
    ({ body }) => body,
    () => ({}),
  );
  return configPromise;
}

export async function genres() {
  return listOf((await get('/genres')).body.genres);
}

export async function itemsByGenre(genre, size) {
  return listOf((await get('/items', { genre, sort: 'rating', size })).body.items);
}

export async function search(q, size, signal) {
  return listOf((await get('/search', { q, size }, signal)).body.items);
}

export async function item(id) {
  return (await get(`/items/${encodeURIComponent(id)}`)).body.item;
}

export async function similar(id, size, offset) {
  const { body, milliseconds } = await get(`/items/${encodeURIComponent(id)}/similar`, {
    size,
    offset,
  });
  return { ...body, items: listOf(body.items), degraded: listOf(body.degraded), milliseconds };
}
