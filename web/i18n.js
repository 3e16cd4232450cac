// Words of the pages in English and 中文. The language is in the address (?lang=zh) and remembered.

const kWords = {
  search: ['Search a film…', '搜索影片……'],
  search_films: ['Search films', '搜索影片'],
  no_title: ['No film with this title.', '没有这个片名。'],
  suggestions: ['Suggestions', '建议'],
  n_suggestions: ['{n} suggestions. Use the arrow keys.', '{n} 条建议，用方向键选择。'],
  no_suggestions: ['Suggestions are not available right now. Press Enter to search.', '暂时没有建议，按回车搜索。'],
  hero: ['More like the film you love.', '找到更多\u200b你喜欢的影片。'],
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
  of_5: ['of 5 · {n} ratings', '/ 5 · {n} 个评分'],
  of_5_one: ['of 5 · one rating', '/ 5 · 1 个评分'],
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
  genre: ['Genre', '类型'],
  any: ['any', '不限'],
  same_series: ['Films of the same series', '包含同系列影片'],
  hide_seen_of: ['Hide seen by viewer', '隐藏该用户看过的'],
  viewer_id: ['viewer number', '用户编号'],
  reset: ['Reset', '重置'],
  why: ['Why?', '为什么？'],
  why_this: ['Why this film?', '为什么推荐这部？'],
  why_not: ['Why not …?', '为什么没有……？'],
  why_not_find: ['A film you miss', '缺少的影片'],
  close: ['Close', '关闭'],
  hide: ['Hide', '隐藏'],
  seen: ['Seen', '看过'],
  not_similar: ['Not similar', '不相似'],
  undo: ['Undo', '撤销'],
  show_again: ['Show them again', '重新显示'],
  mix_with: ['Mix with …', '与……混搭'],
  mix_link: ['mix two or three films', '混搭两三部影片'],
  or: [', or ', '，或'],
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
  together_reason: ['{n} people liked both, {x}×\u00a0chance', '{n} 人都喜欢，是随机的 {x} 倍'],
  series_reason: ['Same series: {name}', '同系列：{name}'],
  tags_reason: ['Both tagged {names}', '共同标签：{names}'],
  genres_reason: ['Both {names}', '同为{names}'],
  directors_reason: ['Both directed by {names}', '同一导演：{names}'],
  actors_reason: ['Both with {names}', '共同主演：{names}'],
  mix_title: ['Mix two or three films', '混搭两三部影片'],
  mix_help: ['Pick two or three films to be like, and mark one as “not this” if you want less of it.', '选择两三部想要相似的影片；不想要的可标记为“不要这样”。'],
  mix_add: ['Add a film', '添加影片'],
  mix_not: ['Not this', '不要这样'],
  remove: ['Remove', '移除'],
  the_blend: ['The blend', '混搭结果'],
  loading: ['Loading …', '加载中……'],
  failed: ['This could not be loaded', '无法加载'],
  retry: ['Try again', '重试'],
  hidden: ['hidden', '隐藏'],
  none: ['none', '无'],
  // Genres of MovieLens; others stay as the catalogue has them.
  'Action': ['Action', '动作'],
  'Adventure': ['Adventure', '冒险'],
  'Animation': ['Animation', '动画'],
  'Children': ['Children', '儿童'],
  'Comedy': ['Comedy', '喜剧'],
  'Crime': ['Crime', '犯罪'],
  'Documentary': ['Documentary', '纪录片'],
  'Drama': ['Drama', '剧情'],
  'Fantasy': ['Fantasy', '奇幻'],
  'Film-Noir': ['Film-Noir', '黑色电影'],
  'Horror': ['Horror', '恐怖'],
  'IMAX': ['IMAX', 'IMAX'],
  'Musical': ['Musical', '音乐剧'],
  'Mystery': ['Mystery', '悬疑'],
  'Romance': ['Romance', '爱情'],
  'Sci-Fi': ['Sci-Fi', '科幻'],
  'Thriller': ['Thriller', '惊悚'],
  'War': ['War', '战争'],
  'Western': ['Western', '西部'],
  theme_dark: ['Switch to dark', '切换到深色'],
  theme_light: ['Switch to light', '切换到浅色'],
  brand_home: ['Sparrow, home', 'Sparrow，首页'],
  pages: ['Pages', '页面'],
  page_unknown: ['Page not found', '找不到页面'],
  page_flown: ['This page has flown.', '这个页面飞走了。'],
  page_flown_text: ['There is nothing at this address. Search for a film above, or start over.', '这个地址没有内容。请在上方搜索影片，或重新开始。'],
  ratings_by_stars: ['Ratings by stars: {list}.', '各星级的评分数：{list}。'],
  series_fact: ['Series', '系列'],
  directors: ['Directed by', '导演'],
  actors: ['With', '主演'],
  countries: ['Countries', '国家'],
  tags: ['Tags', '标签'],
  keywords: ['Keywords', '关键词'],
  took: ['{server} ms in the server, {all} ms in all', '服务器 {server} 毫秒，共 {all} 毫秒'],
  list_popularity: ['Popularity of the list {n}/100', '列表热门度 {n}/100'],
  filters: ['More filters', '更多筛选'],
  years_from: ['From year', '起始年份'],
  years_to: ['To year', '截止年份'],
  default_model: ['default', '默认'],
  said_hide: ['{title} is hidden.', '已隐藏《{title}》。'],
  said_seen: ['{title} is marked as seen.', '《{title}》已标记为看过。'],
  said_not_similar: ['{title} is marked as not similar.', '《{title}》已标记为不相似。'],
  of_100: ['of 100 match', '/ 100 相似度'],
  rated: ['rated', '评分'],
  shared_viewers: ['Viewers of both', '共同观众'],
  shared_viewers_text: ['{n}; chance alone would give {expected} ({x}×)', '{n} 人；随机为 {expected} 人（{x} 倍）'],
  in_common: ['In common', '共同点'],
  years_apart: ['Years apart', '年份差'],
  why_not_help: ['Name a film that you miss in this list.', '说出你觉得这个列表里缺少的影片。'],
  failed_because: ['This could not be loaded: {text}', '无法加载：{text}'],
  'watched-together_sub': ['by the same people', '被同样的人观看'],
  'similar-story_sub': ['by tags, words and genres', '标签、文字和类型相近'],
  'same-people-or-series_sub': ['directors, actors, series', '导演、演员、系列'],
  'same-people_sub': ['directors, actors, series', '导演、演员、系列'],
  'same-people': ['Same people or series', '同一主创或系列'],
  'hidden-gems_sub': ['close, and little known', '接近但鲜为人知'],
  channel_embedding: ['Embedding', '向量'],
  'channel_co-watch': ['Watched together', '共同观看'],
  channel_content: ['Content', '内容'],
  'channel_people-series': ['People and series', '主创与系列'],
  channel_genre: ['Genre', '类型'],
  channel_popular: ['Popular', '热门'],
  channel_fresh: ['New', '新片'],
  no_genres: ['No genres in this catalogue', '目录里没有类型'],
  use_search: ['Use the search to find a film.', '请用搜索查找影片。'],
  no_films_in_genre: ['No films in this genre', '这个类型没有影片'],
  choose_genre: ['Choose another genre above.', '请在上方选择其他类型。'],
  mix_empty: ['Nothing picked yet.', '还没有选择影片。'],
  film: ['Film', '影片'],
  untitled: ['Untitled', '无题'],
};

// More words, for pages that need them: {key: [English, 中文]}.
export const addWords = (words) => Object.assign(kWords, words);

const asked = new URLSearchParams(location.search).get('lang');
if (asked === 'zh' || asked === 'en') {
  try { localStorage.setItem('lang', asked); } catch { /* private mode */ }
}
function remembered() {
  try { return localStorage.getItem('lang'); } catch { return null; }
}
export const lang = asked === 'zh' || asked === 'en' ? asked : remembered() === 'zh' ? 'zh' : 'en';
document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';

// A number and what it counts stay on one line.
export const unbroken = (text) => text.replace(/(\d) (?=[%\u4e00-\u9fff])/g, '$1\u00a0');

export function t(key, values = {}) {
  const pair = kWords[key];
  let text = pair ? pair[lang === 'zh' ? 1 : 0] : key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return unbroken(text);
}

// The page's address in the other language.
export function otherLanguage() {
  const url = new URL(location.href);
  url.searchParams.set('lang', lang === 'zh' ? 'en' : 'zh');
  return url.pathname + url.search + url.hash;
}

// Between the names of a list.
export const comma = lang === 'zh' ? '、' : ', ';
// Between facts that may break: a line ends with the dot and does not begin with it.
export const dot = '\u00a0· ';

const kWide = /[\u2e80-\uffef]/;
const columnsOf = (text) => [...text].reduce((sum, letter) => sum + (kWide.test(letter) ? 2 : 1), 0);

// One line from the data of a relation, in the page's language; of two reasons the second only
// when both fit `columns`. `said`: what the server says, for a relation without data.
export function reasonLine(parts, said, columns = Infinity) {
  if (!parts) return said ?? '';
  const two = (list) => list.slice(0, 2).join(comma);
  const lines = [];
  if (parts.series) lines.push(t('series_reason', { name: parts.series }));
  if (parts.directors?.length) lines.push(t('directors_reason', { names: two(parts.directors) }));
  if (parts.actors?.length) lines.push(t('actors_reason', { names: two(parts.actors) }));
  if (parts.together?.users >= 3 && parts.together.lift >= 1.5) {
    lines.push(t('together_reason', { n: parts.together.users, x: parts.together.lift.toFixed(1) }));
  }
  if (parts.tags?.length) lines.push(t('tags_reason', { names: two(parts.tags) }));
  if (lines.length < 2 && parts.genres?.length) lines.push(t('genres_reason', { names: parts.genres.slice(0, 3).map((name) => t(name)).join(comma) }));
  if (lines.length === 0) return lang === 'en' ? said ?? '' : '';
  const both = lines.slice(0, 2).join(dot);
  return columnsOf(both) <= columns ? both : lines[0];
}
