// The page for addresses that lead nowhere.

import { header } from './header.js';
import { t } from './i18n.js';

header();
document.title = `${t('page_unknown')} · Sparrow`;
document.querySelector('.notice-title').textContent = t('page_flown');
document.querySelector('.notice p:not([class])').textContent = t('page_flown_text');
document.querySelector('.notice .button').textContent = t('go_home');
