// The only module that talks to the server. Every call answers with parsed
// JSON or throws an ApiError that a page can show to a person.

const kBase = '/api/v1';
const kTimeoutMs = 10000;
const kPatientMs = 60000;  // what reads days of events

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

const get = (path, parameters = {}, signal = null) => call('GET', path, { parameters, signal });

async function call(method, path, { parameters = {}, signal = null, data = null, token = '', timeoutMs = kTimeoutMs } = {}) {
  const url = new URL(kBase + path, location.origin);
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== null && value !== undefined && value !== '') url.searchParams.set(name, value);
  }
  // No header of our own for what is only read: an answer that the browser fetches ahead
  // (sparrow/api/pages.cc) must fit.
  const headers = {};
  if (data !== null) headers['content-type'] = 'application/json';
  if (token) headers.authorization = `Bearer ${token}`;
  const controller = new AbortController();
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    controller.abort();
  }, timeoutMs);
  const forward = () => controller.abort();
  signal?.addEventListener('abort', forward, { once: true });
  if (signal?.aborted) controller.abort();
  try {
    const started = performance.now();
    const response = await fetch(url, {
      method,
      headers,
      body: data === null ? undefined : JSON.stringify(data),
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
      throw new ApiError(`The server did not answer within ${timeoutMs / 1000} seconds.`, {
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
    () => {
      configPromise = null;  // the next who asks may be luckier
      return {};
    },
  );
  return configPromise;
}

export async function genres() {
  return listOf((await get('/genres')).body.genres);
}

export async function itemsByGenre(genre, size, hide = '') {
  return listOf((await get('/items', { genre, sort: 'rating', size, hide })).body.items);
}

// {items, missing_script}
export async function search(q, size, signal) {
  const { body } = await get('/search', { q, size }, signal);
  return { ...body, items: listOf(body.items) };
}

export async function item(id) {
  return (await get(`/items/${encodeURIComponent(id)}`)).body.item;
}

const listAnswer = ({ body, milliseconds }) => ({
  ...body, items: listOf(body.items), degraded: listOf(body.degraded), milliseconds,
});

// `controls`: query parameters of the list, as in the page's address.
export async function similar(id, size, offset, controls = {}, signal = null) {
  return listAnswer(await get(`/items/${encodeURIComponent(id)}/similar`, { size, offset: offset || null, ...controls }, signal));
}

export async function rows(id, size, controls = {}, signal = null) {
  return listOf((await get(`/items/${encodeURIComponent(id)}/rows`, { size, ...controls }, signal)).body.rows);
}

export const explain = async (seed, item, controls = {}) => (await get('/explain', { seed, item, ...controls })).body;
export const mix = async (seeds, not, size, hide = '') => listAnswer(await get('/similar', { seeds: seeds.join(','), not: not.join(','), size, hide, reasons: true }));
export const home = async (looked, size, hide = '') => listOf((await get('/home', { looked: looked.join(','), size, hide })).body.rows);
export const models = async (all = false) => listOf((await get('/models', all ? { all: true } : {})).body.models);
export const map = async (name) => (await get(`/models/${encodeURIComponent(name)}/map`)).body;
export const health = async (name, against = '') => (await get(`/models/${encodeURIComponent(name)}/health`, { against })).body;
export const evaluations = async () => listOf((await get('/evaluations')).body.runs);
export const evaluation = async (file) => (await get(`/evaluations/${encodeURIComponent(file)}`)).body;
export const data = async () => (await get('/data')).body;
export const status = async () => (await get('/status')).body;
export const judgements = async () => (await get('/judgements')).body;
export const votes = async () => listOf((await get('/votes')).body.pairs);
export const reports = async (model = '') => listOf((await get('/reports', { model })).body.reports);
export const seeds = async (kind, size, draw, model = '') => listOf((await get('/seeds', { kind, size, draw, model })).body.seeds);
export const rules = async () => (await get('/rules')).body;
export const judgementsHref = (format) => `${kBase}/judgements?format=${format}`;

// What is not for everybody is asked for with a token.
const ask = async (path, parameters, token) => (await call('GET', path, { parameters, token, timeoutMs: kPatientMs })).body;
export const experiments = async () => (await get('/experiments')).body;
export const experimentOptions = async () => (await get('/experiments/options')).body;
export const experimentSplits = async (token = '') => listOf((await ask('/experiments/splits', {}, token)).splits);
export const experimentSize = (question, token = '') => ask('/experiments/size', question, token);
export const experimentReport = (name, token = '') => ask(`/experiments/${encodeURIComponent(name)}/report`, {}, token);
export const assignment = (name, unit, token = '') => ask(`/experiments/${encodeURIComponent(name)}/assignment`, { unit }, token);
export const latestEvents = (wanted, token) => ask('/events', wanted, token);
export const eventSummary = (token) => ask('/events/summary', {}, token);
export const usage = (days, token = '') => ask('/usage', { days }, token);

const send = async (path, data, token = '') => (await call('POST', path, { data, token })).body;
export const judge = (list) => send('/judgements', list);
export const importJudgements = (data) => send('/judgements/import', data);
export const putRules = async (data, token) => (await call('PUT', '/rules', { data, token })).body;
export const vote = (data) => send('/votes', data);
export const report = (data, token) => send('/reports', data, token);
export const feedback = (data) => send('/feedback', data);
export const promote = (name, version, token) => send(`/models/${encodeURIComponent(name)}/promote`, { version }, token);
export const putExperiments = async (data, token) => (await call('PUT', '/experiments', { data, token })).body;
export const decide = (name, action, note, token) => send(`/experiments/${encodeURIComponent(name)}/decision`, { action, note }, token);
export const rollback = (name, token) => send(`/models/${encodeURIComponent(name)}/rollback`, {}, token);
