// The models: versions, how they were measured, how healthy they are; promote and roll back.

import * as api from './api.js';
import { healthPanels } from './health.js';
import { t } from './i18n.js';
import { frame, start } from './page.js';
import { promotionPanel } from './promotion.js';
import { runPanels } from './runs.js';

const kTogetherMs = 400;

start(async () => {
  const [promotion, runs] = await Promise.all([promotionPanel(), api.evaluations()]);
  const health = healthPanels(promotion.versions());
  // Shown together when it is a matter of a moment: nothing moves later.
  await Promise.race([health.ready, new Promise((done) => setTimeout(done, kTogetherMs))]);
  frame(t('models'), t('models_lead'), promotion.node, ...runPanels(runs), ...health.nodes);
});
