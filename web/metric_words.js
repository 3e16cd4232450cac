// Names of metrics in English and 中文, and in 中文 their definitions; in English the server has them.

import { addWords, lang, t } from './i18n.js';

const kNames = {
  click_through: ['Click-through', '点击率', '列表中物品的点击数，除以其中被看到的物品数。'],
  click_through_served: ['Click-through of items given', '点击率（按给出）', '列表中物品的点击数，除以列表给出的物品数，无论是否被看到。'],
  play_rate: ['Play rate', '播放率', '列表中物品的播放数，除以其中被看到的物品数。'],
  watch_minutes: ['Watch minutes', '观看分钟', '每个单元观看的分钟数；超过全部单元第 99 百分位的按该百分位计。'],
  completion: ['Completion', '完播率', '看完的物品数除以播放数。'],
  items_per_session: ['Items per session', '每会话物品数', '点击的物品数除以会话数。'],
  conversion: ['Conversion', '转化率', '有购买的单元所占比例。'],
  revenue: ['Revenue', '收入', '每个单元的消费；超过第 99 百分位的按该百分位计。'],
  return_rate: ['Return rate', '回访率', '在之后某个 UTC 日再次到来的单元所占比例。'],
  rejections: ['Rejections', '拒绝率', '被隐藏、点踩或标为不相似的物品数，除以被看到的物品数。'],
  short_lists: ['Short lists', '过短的列表', '少于 5 个物品的首页列表所占比例。'],
  failed_lists: ['Failed lists', '失败的列表', '服务器以错误作答的列表请求所占比例。'],
  degraded_lists: ['Degraded lists', '降级的列表', '引擎某一部分未及时作答的列表所占比例。'],
  slow_lists: ['Slow lists', '过慢的列表', '服务器用时 50 毫秒或更久的列表所占比例。'],
  latency: ['Latency', '延迟', '服务器生成一个列表平均所用的毫秒数。'],
  popularity: ['Popularity', '热门程度', '列表中物品的 ln(1 + 交互数) 的平均值。'],
  novelty: ['Novelty', '新颖度', '列表中物品的 −log2(交互份额) 的平均值。'],
};
const kUnits = {
  'clicks per seen item': '每个被看到物品的点击', 'clicks per given item': '每个给出物品的点击', 'plays per seen item': '每个被看到物品的播放',
  'minutes per unit': '每单元分钟', 'completions per play': '每次播放的完成', 'clicks per session': '每会话点击', 'share of units': '单元比例',
  'money per unit': '每单元金额', 'rejections per seen item': '每个被看到物品的拒绝', 'share of lists': '列表比例', 'share of requests': '请求比例', 'milliseconds per list': '每个列表毫秒', 'ln of interactions': '交互数的对数', bits: '比特',
};

addWords(Object.fromEntries(Object.entries(kNames).map(([name, [en, zh]]) => [`metric_name_${name}`, [en, zh]])));

export const metricName = (name) => (Object.hasOwn(kNames, name) ? t(`metric_name_${name}`) : name);
export const metricAbout = (name, definition) => (lang === 'zh' && Object.hasOwn(kNames, name) ? kNames[name][2] : definition);
export const metricUnit = (unit) => (lang === 'zh' ? kUnits[unit] ?? unit : unit);
