// Sentences of the server in the page's language. The API speaks English; what is not known here
// is shown as it came.

import { inKind, lang } from './i18n.js';

const kChinese = [
  [/^(\d+) items? (?:are|is) closer; the list holds (\d+)$/, (m) => `有 ${m[1]} 部影片更接近；列表只有 ${m[2]} 部`],
  [/^it is the seed itself$/, () => '就是这部影片本身'],
  [/^the model does not know the (?:seed|item)$/, () => '模型不认识这部影片'],
  [/^its match of (\d+) is below the minimum of (\d+)$/, (m) => `相似度 ${m[1]} 低于下限 ${m[2]}`],
  [/^it may not be shown now \(candidate pool\)$/, () => '目前不在候选池中'],
  [/^the request excludes it \(exclude list or seen\)$/, () => '已被隐藏或看过'],
  [/^it does not meet the filter: (.*)$/, (m) => `不符合筛选条件：${m[1]}`],
  [/^it is of the seed's series, which is switched off$/, () => '属于同系列，而同系列已关闭'],
  [/^a rule blocks this pair$/, () => '有规则屏蔽了这一对'],
  [/^a rule shows only: (.*)$/, (m) => `有规则只允许：${m[1]}`],
  [/^only (\d+) items (?:meet all conditions|reach the minimum match|are left to show)$/, (m) => `只有 ${m[1]} 部影片符合条件`],
  [/^no history that the model knows: popular items instead$/, () => '没有可用的历史，改为热门影片'],
  [/^the model does not know this item yet: .*$/, () => '模型还不认识这部影片，改按系列、主创和类型'],
  [/^the time budget was used up before an exact search$/, () => '时间用尽，未做精确搜索'],
  [/^the history has few neighbours: filled with popular items$/, () => '历史的近邻太少，用热门影片补足'],
];

export function serverText(text) {
  // The server speaks of items of any kind.
  if (lang !== 'zh') return inKind(text.replace(/\bitem(s?)\b/g, 'film$1'));
  for (const [pattern, say] of kChinese) {
    const found = text.match(pattern);
    if (found) return inKind(say(found));
  }
  return text;
}
