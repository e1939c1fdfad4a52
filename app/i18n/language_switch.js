// A choice of languages: data = {label, languages: [[code, name]], language, cookie,
// remember}. The browser remembers the language that was chosen, by a click or by a link.

function remember(cookie, language) {
  const year = 365 * 24 * 60 * 60;
  document.cookie = `${cookie}=${language}; path=/; max-age=${year}; samesite=lax`;
}

export default function ({ parentElement, data, setTriggerValue }) {
  document.documentElement.lang = data.language;
  let select = parentElement.querySelector("select");
  if (!select) {
    select = document.createElement("select");
    select.append(...data.languages.map(([code, name]) => new Option(name, code)));
    parentElement.append(select);
  }
  select.setAttribute("aria-label", data.label);
  select.value = data.language;
  if (data.remember) remember(data.cookie, data.language);
  select.onchange = () => {
    remember(data.cookie, select.value);
    setTriggerValue("chosen", select.value);
  };
}
