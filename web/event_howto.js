// How events get in: for who sees none yet, and to look up later.

import { el } from './dom.js';
import { t } from './i18n.js';
import { command, panel } from './page.js';

const curl = () => `curl ${location.origin}/api/v1/events -H 'Content-Type: application/json' -d '{"events":[
  {"type":"click","user":"42","item":"589","request_id":"REQUEST_ID_OF_THE_LIST","position":2}]}'`;

const script = `<script type="module">
  import { watch } from '/sparrow.js';
  watch(document.querySelector('#list'), { request: answer.request_id });
</script>`;

export const howEventsCome = () => panel(t('no_events_how'),
  el('p', {}, t('no_events_text')),
  el('p', { class: 'quiet' }, t('how_curl')), command(curl()),
  el('p', { class: 'quiet' }, t('how_page')), command(script),
  el('p', { class: 'quiet' }, t('how_ours')));
