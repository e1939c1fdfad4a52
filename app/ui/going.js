// Clicks the link that stands beside it, once for each name: data = {name}.

export default function ({ parentElement, data }) {
  const follow = () => {
    const link = document.querySelector(".st-key-going a");
    if (!link || parentElement.followed === data.name) return Boolean(link);
    parentElement.followed = data.name;
    link.click();
    return true;
  };
  if (follow()) return undefined;
  const waiting = new MutationObserver(() => follow() && waiting.disconnect());
  waiting.observe(document.body, { childList: true, subtree: true });
  return () => waiting.disconnect();
}
