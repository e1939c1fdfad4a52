// A choice of languages: data = {label, languages: [[code, name]], language, cookie,
// remember}. The browser remembers the language that was chosen, by a click or by a link.

import { Component, drawn } from "../ui/component.js";

const YEAR_S = 365 * 24 * 60 * 60;

function remember(cookie, language) {
  document.cookie = `${cookie}=${language}; path=/; max-age=${YEAR_S}; samesite=lax`;
}

class LanguageSwitch extends Component {
  root = document.createElement("select");

  update({ label, languages, language, cookie, ...data }) {
    document.documentElement.lang = language;
    const { root } = this;
    if (!root.length) root.append(...languages.map(([code, name]) => new Option(name, code)));
    root.setAttribute("aria-label", label);
    root.value = language;
    if (data.remember) remember(cookie, language);
    root.onchange = () => {
      remember(cookie, root.value);
      this.send("chosen", root.value);
    };
  }
}

export default drawn(LanguageSwitch);
