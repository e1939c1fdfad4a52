// Lets the script $script draw. Streamlit runs this from an address that is no place on a server;
// so it names the server, which index_html.py has told it.

const script = new URL("$script", window.__streamlit.BACKEND_BASE_URL + "/").href;

export default async (drawing) => (await import(script)).default(drawing);
