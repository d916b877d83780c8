// The lab's own part of the page: plugs to pull. Served by the lab, never by Dualtone.
const WORDS = {
  en: { title: 'The lab: pull a plug', all: 'Put everything back', pulled: 'pulled', page: 'Page of' },
  fr: { title: 'Le labo : tirer une prise', all: 'Tout remettre', pulled: 'tirée', page: 'Page de' },
};

const language = () => (document.documentElement.lang === 'fr' ? 'fr' : 'en');

const bar = document.createElement('details');
bar.className = 'lab-plugs';
bar.open = true;
const summary = document.createElement('summary');
const list = document.createElement('ul');
const links = document.createElement('p');
const trouble = document.createElement('p');
trouble.setAttribute('role', 'alert');
bar.append(summary, list, links, trouble);

let plugs = [];
let places = [];

const button = (text, pressed, onClick) => {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  if (pressed !== null) made.setAttribute('aria-pressed', String(pressed));
  made.addEventListener('click', onClick);
  const item = document.createElement('li');
  item.append(made);
  return item;
};

const send = async (body) => {
  try {
    const response = await fetch('/lab/plugs', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-dualtone': '1' },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    trouble.textContent = response.ok ? '' : answer.error.message;
    if (response.ok) plugs = answer;
  } catch {
    trouble.textContent = 'the lab does not answer';
  }
  draw();
};

const draw = () => {
  const words = WORDS[language()];
  const focused = document.activeElement?.textContent;
  summary.textContent = words.title;
  list.replaceChildren(
    ...plugs.map((plug) => {
      const name = plug[language()];
      const isOut = plug.state === 'out';
      const text = isOut ? `${name}: ${words.pulled}` : name;
      return button(text, plug.state === 'once' ? null : isOut, () => send({ id: plug.id, out: !isOut }));
    }),
    button(words.all, null, () => send({ all: 'in' })),
  );
  links.replaceChildren(
    ...places.flatMap(({ name, address }) => {
      const link = document.createElement('a');
      link.href = address;
      link.textContent = `${words.page} ${name}`;
      return [link, ' '];
    }),
  );
  for (const each of list.querySelectorAll('button')) if (focused && each.textContent === focused) each.focus();
};

const load = async (path) => {
  const response = await fetch(path);
  return response.json();
};

const start = async () => {
  [plugs, places] = await Promise.all([load('/lab/plugs'), load('/lab/places')]);
  draw();
  document.body.append(bar);
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ['lang'] });
};

void start();
