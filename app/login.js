// Lets the browser keep the pass of who has logged in: data = {name, pass, seconds}.

export default function ({ data }) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie =
    `${data.name}=${data.pass}; path=/; max-age=${data.seconds}; SameSite=Strict${secure}`;
}
