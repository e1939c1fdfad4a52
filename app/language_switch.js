// A choice of languages: data = {label, languages: [[code, name]], language, cookie}.

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
  select.onchange = () => {
    const year = 365 * 24 * 60 * 60;
    document.cookie = `${data.cookie}=${select.value}; path=/; max-age=${year}; samesite=lax`;
    setTriggerValue("chosen", select.value);
  };
}
