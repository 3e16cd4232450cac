import { header } from './header.js';

header();
