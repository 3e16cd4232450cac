// Words of the pages in English and 中文. The language is in the address (?lang=zh) and remembered.

const kWords = {
  search: ['Search a film…', '搜索影片……'],
  search_films: ['Search films', '搜索影片'],
  no_title: ['No film with this title.', '没有这个片名。'],
  suggestions: ['Suggestions', '建议'],
  n_suggestions: ['{n} suggestions. Use the arrow keys.', '{n} 条建议，用方向键选择。'],
  no_suggestions: ['Suggestions are not available right now. Press Enter to search.', '暂时没有建议，按回车搜索。'],
  hero: ['More like the film you love.', '找到更多\u200b你喜欢的影片。'],
  hero_lead: ['Name one film. You get the ones that people who liked it like too.', '说出一部影片，这里会给出喜欢它的人也喜欢的影片。'],
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
  match_note: ['number on the poster: match, 0 to 100', '海报上的数字：相似度 0 到 100'],
  placed_by_content: ['Close in story and kind', '故事与类型相近'],
  too_few_viewers: ['placed by content: too few viewers yet', '观众太少，按内容推荐'],
  show_more: ['Show more', '显示更多'],
  viewers_say: ['Viewers say', '观众标签'],
  year_unknown: ['Year unknown', '年份未知'],
  unrated: ['Nobody has rated this film yet.', '还没有人评分。'],
  of_5: ['of {high} · {n} ratings', '/ {high} · {n} 个评分'],
  n_people: ['{n} people', '{n} 人'],
  of_5_one: ['of {high} · one rating', '/ {high} · 1 个评分'],
  also_known: ['Also known as {names}', '又名 {names}'],
  genres: ['Genres', '类型'],
  model: ['Model', '模型'],
  request: ['Request {id}', '请求 {id}'],
  limited: ['Limited answer: {notes}.', '受限的结果：{notes}。'],
  n_shown: ['{n} similar films shown.', '显示 {n} 部相似影片。'],
  nothing_found: ['No film meets all of this', '没有符合条件的影片'],
  loosen: ['Loosen a condition above.', '请放宽上面的条件。'],
  tune: ['Tune the list', '调整列表'],
  popularity: ['How well known', '知名度'],
  hidden_gems_end: ['less known', '冷门'],
  hits_end: ['well known', '热门'],
  diversity: ['Variety', '多样性'],
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
  why_not: ['Something missing?', '缺了什么？'],
  why_not_find: ['A film you miss', '缺少的影片'],
  close: ['Close', '关闭'],
  hide: ['Hide', '隐藏'],
  seen: ['Seen it', '看过了'],
  not_similar: ['Not similar', '不相似'],
  undo: ['Undo', '撤销'],
  show_again: ['Show them again', '重新显示'],
  mix_with: ['Mix with …', '与……混搭'],
  mix_link: ['mix several films', '混搭几部影片'],
  or: [', or ', '，或'],
  n_hidden: ['{n} hidden', '已隐藏 {n} 部'],
  'watched-together': ['Watched by the same people', '同一批人看过'],
  'similar-story': ['Similar story and themes', '相似的故事与主题'],
  'same-people-or-series': ['Same people or series', '同一主创或系列'],
  'hidden-gems': ['Hidden gems', '被忽略的佳作'],
  because: ['Because you looked at {title}', '因为你看了《{title}》'],
  fresh: ['Newest', '最新'],
  popular: ['Liked by the most people', '最多人喜欢'],
  trending: ['Trending now', '正在流行'],
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
  together_reason: ['fans of this like it {x} times as often', '喜欢这部的人喜欢它的机会是常人的 {x} 倍'],
  series_reason: ['Same series: {name}', '同系列：{name}'],
  tags_reason: ['{names}', '{names}'],
  genres_reason: ['Also {names}', '同为{names}'],
  directors_reason: ['Also directed by {names}', '同一导演：{names}'],
  actors_reason: ['Also with {names}', '共同主演：{names}'],
  mix_title: ['Mix films', '混搭影片'],
  mix_help: ['Pick two to five films to be like. Mark one as “not this” if you want less of it.', '选择两到五部想要相似的影片；不想要的标为“不要这样”。'],
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
  filters: ['Filters', '筛选'],
  years_from: ['From year', '起始年份'],
  years_to: ['To year', '截止年份'],
  default_model: ['default', '默认'],
  said_hide: ['{title} is hidden.', '已隐藏《{title}》。'],
  said_seen: ['{title} is marked as seen.', '《{title}》已标记为看过。'],
  said_not_similar: ['{title} is marked as not similar.', '《{title}》已标记为不相似。'],
  of_100: ['of 100 match', '/ 100 相似度'],
  rated: ['rated', '评分'],
  shared_viewers: ['People who like both', '两部都喜欢的人'],
  shared_viewers_text: ['{n}; chance alone would give {expected} ({x}×)', '{n} 人；随机为 {expected} 人（{x} 倍）'],
  in_common: ['In common', '共同点'],
  years_apart: ['Years apart', '年份差'],
  why_not_help: ['Name a film that you miss in this list, and see why it is not here.', '说出你觉得缺少的影片，看看它为什么不在这里。'],
  failed_because: ['This could not be loaded: {text}', '无法加载：{text}'],
  'watched-together_sub': ['more of them, not in the list above', '上面列表之外的影片'],
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
  channel_trending: ['Trending now', '正在流行'],
  'channel_recent-co-watch': ['Watched together lately', '近期共同观看'],
  no_genres: ['No genres in this catalogue', '目录里没有类型'],
  use_search: ['Use the search to find a film.', '请用搜索查找影片。'],
  no_films_in_genre: ['No films in this genre', '这个类型没有影片'],
  choose_genre: ['Choose another genre above.', '请在上方选择其他类型。'],
  mix_empty: ['Nothing picked yet.', '还没有选择影片。'],
  film: ['Film', '影片'],
  no_script: ['This catalogue has no titles in this script. Try the original or the English title.', '目录里没有这种文字的片名，请用原名或英文片名搜索。'],
  no_script_title: ['No titles in this script', '没有这种文字的片名'],
  found_tags: ['Titles, tags and people.', '搜索片名、标签和人物。'],
  discover: ['Discover', '发现'],
  my_list: ['My list', '我的片单'],
  lab: ['Lab', '实验室'],
  lab_pages: ['Pages of the lab', '实验室页面'],
  search_here: ['Search the catalogue', '搜索目录'],
  stop_gems: ['Hidden gems', '冷门佳作'],
  stop_balanced: ['Balanced', '均衡'],
  stop_hits: ['Hits', '热门'],
  stop_less: ['Less known', '较冷门'],
  stop_more: ['Better known', '较热门'],
  stop_closest: ['Closest', '最相似'],
  stop_mixed: ['Mix it up', '更多样'],
  stop_some: ['Some variety', '略多样'],
  years: ['Years', '年代'],
  decade: ['{n}s', '{n} 年代'],
  from_year: ['From {n}', '{n} 年起'],
  to_year: ['Up to {n}', '到 {n} 年'],
  no_series: ['Without the same series', '不含同系列'],
  chip_seen: ['Not seen by {n}', '{n} 没看过的'],
  chip_model: ['Model {n}', '模型 {n}'],
  chip_evidence: ['Liked by {n} or more people', '至少 {n} 人喜欢'],
  evidence_note: ['With a condition, films that fewer than {n} people liked are left out: a chance match would come first.', '有筛选条件时，少于 {n} 人喜欢的影片不列出，以免偶然的匹配排到最前。'],
  active_filters: ['Conditions', '当前条件'],
  remove_condition: ['Remove: {text}', '移除：{text}'],
  about_answer: ['About this answer', '关于这个结果'],
  together_more: ['fans of this like it more often', '喜欢这部的人更常喜欢它'],
  years_reason: ['From the same years', '同一时期'],
  mix_reason_all: ['All have: {text}', '共同点：{text}'],
  mix_reason_one: ['As in {title}: {text}', '像《{title}》：{text}'],
  save: ['Save', '收藏'],
  saved_one: ['Saved', '已收藏'],
  more_actions: ['More: {title}', '更多：{title}'],
  save_long: ['Save for later', '稍后再看'],
  saved_long: ['Saved for later', '已加入稍后再看'],
  is_seen: ['You have seen it', '你看过了'],
  is_hidden: ['You hid this film', '你隐藏了这部影片'],
  said_save: ['{title} is on your list.', '《{title}》已加入我的片单。'],
  n_left_out: ['Left out here because of what you said:', '因你的标记而未列出：'],
  left_seen: ['seen', '看过'],
  left_hide: ['hidden', '隐藏'],
  left_not_similar: ['not similar', '不相似'],
  show_it_again: ['Show again', '重新显示'],
  show_it_again_of: ['Show again: {title}', '重新显示：{title}'],
  my_list_lead: ['What you said of films. It stays in this browser; nobody else sees it.', '你对影片的标记。只保存在这个浏览器里，别人看不到。'],
  my_list_empty: ['Nothing yet. Save a film from its card or its page, and it will be here.', '还没有内容。在卡片或影片页上点“收藏”，就会出现在这里。'],
  list_save: ['Saved for later', '稍后再看'],
  list_seen: ['Seen', '看过'],
  list_hide: ['Hidden', '已隐藏'],
  list_not_similar: ['Not similar', '不相似'],
  list_hide_sub: ['in no list', '不出现在任何列表'],
  list_seen_sub: ['in no list', '不出现在任何列表'],
  list_not_similar_sub: ['only in the lists of the film named', '只对所列影片的列表有效'],
  list_save_sub: ['also in lists, with a mark', '仍出现在列表中，并带标记'],
  take_back: ['Take back', '撤回'],
  take_back_of: ['Take back: {title}', '撤回：{title}'],
  not_similar_to: ['not similar to {title}', '与《{title}》不相似'],
  taken_back_of: ['{title}: taken back.', '《{title}》：已撤回。'],
  mark_seen: ['Mark as seen', '标为看过'],
  export_marks: ['Save to a file', '导出到文件'],
  import_marks: ['Read from a file', '从文件导入'],
  imported_marks: ['{n} read from the file.', '已从文件导入 {n} 条。'],
  import_failed: ['This file holds no list of Sparrow.', '这个文件不是 Sparrow 的片单。'],
  mix_tries: ['For example', '例如'],
  mix_but_funnier: ['{title}, but funnier', '《{title}》，但更好笑'],
  mix_but_scarier: ['{title}, but scarier', '《{title}》，但更吓人'],
  mix_but_romantic: ['{title}, but more romantic', '《{title}》，但更浪漫'],
  mix_meets: ['{a} meets {b}', '《{a}》遇上《{b}》'],
  try_now: ['Try now', '立即重试'],
  again_in: ['Trying again in {n} s.', '{n} 秒后重试。'],
  trying: ['Trying …', '正在重试……'],
  server_gone: ['The server does not answer. What you see is from before.', '服务器没有响应。现在看到的是之前的内容。'],
  went_wrong: ['This did not work: {text}', '没有成功：{text}'],
  corrected: ['The address asked for something that is not known here, which was left out: {list}', '地址里有无法识别的内容，已忽略：{list}'],
  details_of_film: ['More about this film', '影片详情'],
  why_sentence: ['{title} and {seed}: {text}.', '《{title}》与《{seed}》：{text}。'],
  share_audience: ['Audience', '观众'],
  share_story: ['Story', '故事'],
  share_people: ['People and series', '主创与系列'],
  share_era: ['Era', '年代'],
  share_help: ['What the {n} points are made of, about.', '{n} 分大致由这些组成。'],
  engineer_details: ['Details for engineers', '给工程师的细节'],
  go_to_filters: ['Filters, {n} active', '筛选，已用 {n} 项'],
  no_genre: ['There is no genre “{name}” here', '这里没有类型“{name}”'],
  mark_count: ['{n} films', '{n} 部影片'],
  token: ['Token', '令牌'],
  untitled: ['Untitled', '无题'],
};

// More words, for pages that need them: {key: [English, 中文]}.
export const addWords = (words) => Object.assign(kWords, words);

// A language in the address holds for this tab: a link from somebody else changes nothing for good.
const known = (name) => (name === 'zh' || name === 'en' ? name : null);
function chosenLanguage() {
  const asked = known(new URLSearchParams(location.search).get('lang'));
  try {
    if (asked) sessionStorage.setItem('lang', asked);
    return asked ?? known(sessionStorage.getItem('lang')) ?? known(localStorage.getItem('lang')) ?? 'en';
  } catch {
    return asked ?? 'en';  // private mode
  }
}
export const lang = chosenLanguage();
document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';

// A number and what it counts stay on one line.
export const unbroken = (text) => text.replace(/(\d) (?=[%\u4e00-\u9fff])/g, '$1\u00a0');

// Words of other catalogues than films, in place of those of films.
const kNouns = {
  book: [[/films/g, 'books'], [/film/g, 'book'], [/Films/g, 'Books'], [/Film(?!-)/g, 'Book'], [/\bwatched\b/g, 'read'], [/\bWatched\b/g, 'Read'], [/\bwatch\b/g, 'read'], [/\bviewers\b/g, 'readers'], [/\bviewer\b/g, 'reader'], [/\bViewers\b/g, 'Readers'], [/\bviewing\b/g, 'reading'], [/\bSeen\b/g, 'Read'], [/\bseen\b/g, 'read'],
    [/影片/g, '图书'], [/片名/g, '书名'], [/新片/g, '新书'], [/(?<!全)部(?!分)/g, '本'], [/观众/g, '读者'], [/观看/g, '阅读'], [/看过/g, '读过']],
  product: [[/films/g, 'products'], [/film/g, 'product'], [/Films/g, 'Products'], [/Film(?!-)/g, 'Product'], [/\bwatched\b/g, 'bought'], [/\bWatched\b/g, 'Bought'], [/\bwatch\b/g, 'buy'], [/\bviewers\b/g, 'customers'], [/\bviewer\b/g, 'customer'], [/\bViewers\b/g, 'Customers'], [/\bviewing\b/g, 'buying'], [/\bSeen\b/g, 'Have it'], [/\bseen\b/g, 'owned'], [/\bGenre\b/g, 'Category'], [/\bgenre\b/g, 'category'], [/\bgenres\b/g, 'categories'], [/\bGenres\b/g, 'Categories'],
    [/影片/g, '商品'], [/片名/g, '商品名'], [/新片/g, '新品'], [/(?<!全)部(?!分)/g, '件'], [/观众/g, '顾客'], [/观看/g, '购买'], [/看过/g, '已有'], [/类型/g, '类别']],
};
kNouns.item = kNouns.product.map(([pattern, word]) => [pattern, { products: 'items', product: 'item', Products: 'Items', Product: 'Item', bought: 'used', Bought: 'Used', buy: 'use', customers: 'people', customer: 'person', Customers: 'People', buying: 'usage', 'Have it': 'Known', owned: 'known', 商品: '条目', 商品名: '名称', 新品: '新条目', 件: '个', 顾客: '用户', 购买: '使用', 已有: '已知' }[word] ?? word]);

// What the catalogue holds and what its values are, as the server said it last.
const kFilms = { kind: 'film', rates: true, low: 0.5, high: 5 };
function lastCatalogue() {
  try { return { ...kFilms, ...JSON.parse(localStorage.getItem('catalogue') ?? '{}') }; } catch { return kFilms; }
}
let catalogue = lastCatalogue();
export const isFilms = () => catalogue.kind === 'film';
export const kindOfCatalogue = () => catalogue.kind;
// {rates, low, high}: whether values are ratings, and between what.
export const scaleOfValues = () => catalogue;

// The first page of a catalogue that holds something else than the last one is made once more, in the
// right words.
export function setCatalogue({ kind = 'film', scale = null } = {}) {
  const named = scale?.name ?? 'stars';
  const now = { kind, rates: ['stars', 'points', 'percent'].includes(named) || named.includes('..'), low: scale?.low ?? 0.5, high: scale?.high ?? 5 };
  const text = JSON.stringify(now);
  if (text === JSON.stringify(catalogue)) return;
  catalogue = now;
  try {
    localStorage.setItem('catalogue', text);
    if (sessionStorage.getItem('catalogue') === text) return;
    sessionStorage.setItem('catalogue', text);
    location.reload();
  } catch { /* private mode: the words stay those of films */ }
}

export const inKind = (text) => (kNouns[catalogue.kind] ?? []).reduce((said, [pattern, word]) => said.replace(pattern, word), text);

export function t(key, values = {}) {
  const pair = kWords[key];
  let text = pair ? inKind(pair[lang === 'zh' ? 1 : 0]) : key;
  for (const [name, value] of Object.entries(values)) text = text.replaceAll(`{${name}}`, String(value));
  return unbroken(text);
}

// The language was chosen and not only met in a link.
export function keepLanguage() {
  try {
    localStorage.setItem('lang', lang === 'zh' ? 'en' : 'zh');
    sessionStorage.removeItem('lang');
  } catch { /* private mode */ }
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

// What two films have in common, in people's words, the rarest first.
function factsOf(parts) {
  const two = (list) => list.slice(0, 2).join(comma);
  const lines = [];
  if (parts?.series) lines.push(t('series_reason', { name: parts.series }));
  if (parts?.directors?.length) lines.push(t('directors_reason', { names: two(parts.directors) }));
  if (parts?.actors?.length) lines.push(t('actors_reason', { names: two(parts.actors) }));
  if (parts?.tags?.length) lines.push(t('tags_reason', { names: two(parts.tags) }));
  else if (parts?.keywords?.length) lines.push(t('tags_reason', { names: two(parts.keywords) }));
  const { users = 0, lift = 0 } = parts?.together ?? {};
  if (users >= 3 && lift >= 1.5) lines.push(t(lift >= 1.95 ? 'together_reason' : 'together_more', { x: lift >= 9.5 ? lift.toFixed(0) : lift.toFixed(1).replace(/\.0$/, '') }));
  if (lines.length === 0 && parts?.genres?.length) lines.push(t('genres_reason', { names: parts.genres.slice(0, 2).map((name) => t(name)).join(comma) }));
  return lines;
}

// One line about them. `said`: what the server says, for a relation without data. Never empty.
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

export function reasonLine(parts, said = '') {
  const lines = factsOf(parts);
  if (lines.length > 0) return capital(lines.slice(0, 2).join(dot));
  if (parts && parts.years_apart !== null && parts.years_apart <= 3) return t('years_reason');
  return (lang === 'en' && said) || t('placed_by_content');
}

// Of a mix: what all films that were picked have in common with this one, else what the nearest has.
export function mixReason({ reason_all: all, reason_seed: seed, reason_parts: parts, reason: said }) {
  if (!seed) return reasonLine(parts, said);
  const common = factsOf({ ...all, genres: [], together: {} });
  if (common.length > 0) return t('mix_reason_all', { text: common[0] });
  return t('mix_reason_one', { title: seed.title, text: factsOf(parts)[0] ?? reasonLine(parts, said) });
}
