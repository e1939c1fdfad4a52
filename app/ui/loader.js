// Lets the script $script draw. Streamlit runs this from an address that is no place on a server;
// so it names the server, whose address index_html.py has set.

const script = new URL("$script", window.__streamlit.BACKEND_BASE_URL + "/").href;

export default async (drawing) => (await import(script)).default(drawing);
