// Words of the pages in English and 中文. The language is in the address (?lang=zh) and remembered.

const kWords = {
  search: ['Search a film…', '搜索影片……'],
  search_films: ['Search films', '搜索影片'],
  no_title: ['No film with this title.', '没有这个片名。'],
  suggestions: ['Suggestions', '建议'],
  n_suggestions: ['{n} suggestions. Use the arrow keys.', '{n} 条建议，用方向键选择。'],
  no_suggestions: ['Suggestions are not available right now. Press Enter to search.', '暂时没有建议，按回车搜索。'],
  hero: ['More like the film you love.', '找到更多你喜欢的影片。'],
  hero_lead: ['Name one film. Sparrow finds the ones that people who liked it liked too.', '说出一部影片，Sparrow 会找到喜欢它的人也喜欢的影片。'],
  try: ['Try ', '试试 '],
  best_rated: ['best rated', '评分最高'],
  back: ['back', '后退'],
  forward: ['more', '更多'],
  n_films: ['{n} films', '{n} 部影片'],
  the_best: ['The {n} best rated', '评分最高的 {n} 部'],
  nothing: ['Nothing found', '没有找到'],
  go_home: ['Go home', '回首页'],
  check_spelling: ['Check the spelling, or try fewer words.', '请检查拼写，或减少词数。'],
  films_failed: ['The films could not be loaded', '影片加载失败'],
  film_failed: ['The film could not be loaded', '影片加载失败'],
  unknown_film: ['We do not know this film', '没有这部影片'],
  unknown_film_text: ['There is no film with the id “{id}” in this catalogue.', '目录里没有编号为“{id}”的影片。'],
  which_film: ['Which film?', '哪部影片？'],
  which_film_text: ['The address names no film. Search for one above.', '地址里没有影片编号，请在上方搜索。'],
  similar_failed: ['Similar films could not be loaded', '相似影片加载失败'],
  simulated: ['Simulated data. ', '模拟数据。'],
  simulated_text: ['The films are real, the viewers and their ratings are invented by a simulator.', '影片是真实的，观众和评分由模拟器生成。'],
  skip: ['Skip to content', '跳到内容'],
  home: ['Home', '首页'],
  mix: ['Mix', '混搭'],
  spotcheck: ['Spot check', '抽查'],
  models: ['Models', '模型'],
  map: ['Map', '地图'],
  status: ['Status', '状态'],
  other_language: ['中文', 'English'],
  more_like_this: ['More like this', '相似影片'],
  match_note: ['match from 0 to 100', '相似度 0 到 100'],
  placed_by_content: ['placed by content', '按内容推荐'],
  too_few_viewers: ['placed by content: too few viewers yet', '观众太少，按内容推荐'],
  show_more: ['Show more', '显示更多'],
  viewers_say: ['Viewers say', '观众标签'],
  year_unknown: ['Year unknown', '年份未知'],
  unrated: ['Nobody has rated this film yet.', '还没有人评分。'],
  of_5: ['of 5, {n} ratings', '/ 5，{n} 个评分'],
  also_known: ['Also known as {names}', '又名 {names}'],
  genres: ['Genres', '类型'],
  model: ['Model', '模型'],
  request: ['Request {id}', '请求 {id}'],
  limited: ['Limited answer: {notes}.', '受限的结果：{notes}。'],
  n_shown: ['{n} similar films shown.', '显示 {n} 部相似影片。'],
  nothing_found: ['No film meets all of this', '没有符合条件的影片'],
  loosen: ['Loosen a condition above.', '请放宽上面的条件。'],
  tune: ['Tune the list', '调整列表'],
  popularity: ['Popularity', '热门程度'],
  hidden_gems_end: ['less known', '冷门'],
  hits_end: ['well known', '热门'],
  diversity: ['Diversity', '多样性'],
  close_end: ['closest', '最相似'],
  varied_end: ['varied', '更多样'],
  years: ['Years', '年份'],
  from: ['from', '从'],
  to: ['to', '到'],
  genre: ['Genre', '类型'],
  any: ['any', '不限'],
  same_series: ['Same series', '同系列'],
  hide_seen_of: ['Hide what this viewer rated', '隐藏该用户看过的'],
  viewer_id: ['viewer id', '用户编号'],
  reset: ['Reset', '重置'],
  why: ['Why?', '为什么？'],
  why_this: ['Why this film?', '为什么推荐这部？'],
  why_not: ['Why not …?', '为什么没有……？'],
  why_not_find: ['A film you miss in this list', '你觉得缺少的影片'],
  close: ['Close', '关闭'],
  hide: ['Hide', '隐藏'],
  seen: ['Seen', '看过'],
  not_similar: ['Not similar', '不相似'],
  undo: ['Undo', '撤销'],
  n_hidden: ['{n} hidden', '已隐藏 {n} 部'],
  'watched-together': ['Watched together', '一起观看'],
  'similar-story': ['Similar story and themes', '相似的故事与主题'],
  'same-people-or-series': ['Same people or series', '同一主创或系列'],
  'hidden-gems': ['Hidden gems', '被忽略的佳作'],
  because: ['Because you looked at {title}', '因为你看了《{title}》'],
  fresh: ['Newest', '最新'],
  popular: ['Most liked', '最受欢迎'],
  rank_of: ['Place {rank} of {all} in this film’s list', '在该影片列表中排第 {rank} / {all}'],
  not_ranked: ['Not in the list', '不在列表中'],
  parts: ['What the match is made of', '相似度的组成'],
  behavior: ['viewing behavior', '观看行为'],
  content: ['content', '内容'],
  closeness: ['closeness', '紧密度'],
  popularity_part: ['popularity', '热门程度'],
  mutual: ['mutual proximity', '相互接近度'],
  found_by: ['Found by', '来自渠道'],
  against: ['What is against it', '不推荐的原因'],
  together_reason: ['Liked together by {n} people, {x} times more than chance', '{n} 人同时喜欢，是随机的 {x} 倍'],
  series_reason: ['Same series: {name}', '同系列：{name}'],
  tags_reason: ['Both tagged {names}', '共同标签：{names}'],
  genres_reason: ['Both {names}', '同为 {names}'],
  directors_reason: ['Both directed by {names}', '同一导演：{names}'],
  actors_reason: ['Both with {names}', '共同主演：{names}'],
  mix_title: ['Mix two or three films', '混搭两三部影片'],
  mix_help: ['Pick films to be like, and one not to be like.', '选择想要的影片，也可以选一部不想要的。'],
  mix_add: ['Add a film', '添加影片'],
  mix_not: ['Not this', '不要这样'],
  mix_like: ['Like this', '要这样'],
  remove: ['Remove', '移除'],
  the_blend: ['The blend', '混搭结果'],
  loading: ['Loading …', '加载中……'],
  failed: ['This could not be loaded', '无法加载'],
  retry: ['Try again', '重试'],
  saved: ['Saved', '已保存'],
  name: ['Name', '名称'],
  version: ['Version', '版本'],
  method: ['Method', '方法'],
  trained: ['Trained', '训练时间'],
  data: ['Data', '数据'],
  items: ['Items', '影片数'],
  state: ['State', '状态'],
  promoted: ['promoted', '已上线'],
  served: ['served', '服务中'],
  promote: ['Promote', '上线'],
  rollback: ['Roll back', '回滚'],
  token: ['Token', '令牌'],
  token_help: ['needed to change anything; kept in this page only', '修改需要令牌；只保存在本页'],
  health: ['Health', '健康'],
  hubness: ['Hubness (skew of N10)', '枢纽度（N10 偏度）'],
  duplicates: ['Duplicate vectors', '重复向量'],
  zero_vectors: ['Without behavior vector', '无行为向量'],
  top_hubs: ['Most frequent neighbors', '最常出现的邻居'],
  evaluations: ['Evaluations', '评测'],
  no_evaluations: ['No evaluation yet: run “sparrow evaluate”.', '还没有评测：请运行 “sparrow evaluate”。'],
  options: ['Options', '参数'],
  map_of: ['Map of the films', '影片地图'],
  color_by: ['Color by', '着色'],
  year: ['year', '年份'],
  find: ['Find', '查找'],
  no_map: ['This model has no map yet: train it again.', '该模型还没有地图：请重新训练。'],
  map_help: ['Drag to move, wheel to zoom, click for neighbors, double click to open.', '拖动平移，滚轮缩放，单击看邻居，双击打开。'],
  uptime: ['Up for', '运行时间'],
  requests: ['Requests', '请求'],
  per_second: ['a second', '每秒'],
  latency: ['Latency of lists', '列表延迟'],
  endpoint: ['Endpoint', '接口'],
  count: ['Count', '次数'],
  channel: ['Channel', '渠道'],
  hits: ['Answers', '次数'],
  errors: ['Errors', '错误'],
  store: ['Store', '存储'],
  pool: ['Candidate pool', '候选池'],
  shown: ['shown', '可展示'],
  hidden: ['hidden', '隐藏'],
  no_errors: ['No errors since the start.', '启动以来没有错误。'],
  ok: ['ok', '正常'],
  degraded: ['degraded', '降级'],
  seeds: ['Seeds', '种子'],
  seeds_fixed: ['these ids', '指定编号'],
  seeds_random: ['random', '随机'],
  seeds_stratified: ['head, middle, tail, cold', '按热度分层'],
  grader: ['Grader', '评分人'],
  grade_help: ['Focus a film and press 0 to 3: not, somewhat, similar, very.', '选中影片后按 0 到 3 打分：不、有点、相似、非常。'],
  blind: ['Blind vote', '盲投'],
  left: ['Left is better', '左边更好'],
  right: ['Right is better', '右边更好'],
  tie: ['No difference', '差不多'],
  agreement: ['Agreement (kappa)', '一致性（kappa）'],
  judged_at: ['judged@10', '已评@10'],
  export: ['Export', '导出'],
  import: ['Import', '导入'],
  report: ['Report and block this pair', '报告并屏蔽这一对'],
  reports: ['Reports', '报告'],
  new_mark: ['new', '新'],
  gone_mark: ['gone', '消失'],
  reason: ['Reason', '原因'],
  none: ['none', '无'],
  'same series': ['same series', '同系列'],
  'too popular': ['too popular', '太热门'],
  'wrong tone': ['wrong tone', '基调不对'],
  unsuitable: ['unsuitable', '不合适'],
  more_seeds: ['Other seeds', '换一批'],
};

const asked = new URLSearchParams(location.search).get('lang');
if (asked === 'zh' || asked === 'en') {
  try { localStorage.setItem('lang', asked); } catch { /* private mode */ }
}
function remembered() {
  try { return localStorage.getItem('lang'); } catch { return null; }
}
export const lang = asked === 'zh' || asked === 'en' ? asked : remembered() === 'zh' ? 'zh' : 'en';
document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';

export function t(key, values = {}) {
  const pair = kWords[key];
  let text = pair ? pair[lang === 'zh' ? 1 : 0] : key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return text;
}

// The page's address in the other language.
export function otherLanguage() {
  const url = new URL(location.href);
  url.searchParams.set('lang', lang === 'zh' ? 'en' : 'zh');
  return url.pathname + url.search + url.hash;
}

// One line from the data of a relation, in the page's language.
export function reasonLine(parts, english) {
  if (lang === 'en' || !parts) return english ?? '';
  const two = (list) => list.slice(0, 2).join('、');
  const lines = [];
  if (parts.series) lines.push(t('series_reason', { name: parts.series }));
  if (parts.directors?.length) lines.push(t('directors_reason', { names: two(parts.directors) }));
  if (parts.actors?.length) lines.push(t('actors_reason', { names: two(parts.actors) }));
  if (parts.together?.users >= 3 && parts.together.lift >= 1.5) {
    lines.push(t('together_reason', { n: parts.together.users, x: parts.together.lift.toFixed(1) }));
  }
  if (parts.tags?.length) lines.push(t('tags_reason', { names: two(parts.tags) }));
  if (lines.length < 2 && parts.genres?.length) lines.push(t('genres_reason', { names: parts.genres.join('、') }));
  return lines.slice(0, 2).join(' · ');
}
