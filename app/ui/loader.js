// Lets the script $script draw. Streamlit runs this from an address that is no place on a server,
// so it names the server: that of the page.

const script = new URL("$script", location.origin).href;

export default async (drawing) => (await import(script)).default(drawing);
