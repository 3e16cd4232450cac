// The models: versions, how they were measured, how healthy they are; promote and roll back.

import * as api from './api.js';
import { healthPanels } from './health.js';
import { t } from './i18n.js';
import { frame, start } from './page.js';
import { promotionPanel } from './promotion.js';
import { runPanels } from './runs.js';

start(async () => {
  const [promotion, runs] = await Promise.all([promotionPanel(), api.evaluations()]);
  frame(t('models'), t('models_lead'), promotion.node, ...runPanels(runs), ...healthPanels(promotion.versions()));
});
