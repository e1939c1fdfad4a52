// The pattern of all components: one object for each place where one is drawn. It keeps what it
// knows in its fields, and makes its element once.

export class Component {
  root = null; // its element; none where it only listens
  #drawings = 0;
  #connection = null;

  // Shows the data of each drawing.
  update(_data) {}

  // Listens to what lies outside its own element, until the signal aborts.
  connect(_signal) {}

  // A drawing on the page: `send` makes an event of it, `store` a state, as Streamlit calls them.
  // Gives the function that ends it.
  draw({ parentElement, data, setTriggerValue, setStateValue }) {
    this.send = setTriggerValue;
    this.store = setStateValue;
    if (this.root && this.root.parentNode !== parentElement) parentElement.append(this.root);
    this.update(data);
    if (!this.#connection) {
      this.#connection = new AbortController();
      this.connect(this.#connection.signal);
    }
    this.#drawings += 1;
    const drawing = this.#drawings;
    return () => {
      if (drawing === this.#drawings) this.disconnect(); // else a later drawing goes on
    };
  }

  disconnect() {
    this.#connection?.abort();
    this.#connection = null;
  }

  // Ends for good: a newer version takes its place.
  remove() {
    this.disconnect();
    this.root?.remove();
  }
}

// By their places. On the window, so that scripts of a newer version find what older ones have drawn.
const components = (window.recollectComponents ??= new WeakMap());

// The function that Streamlit calls for each drawing of a component of this class.
export function drawn(Class) {
  return (drawing) => {
    const place = drawing.parentElement;
    let component = components.get(place);
    if (!(component instanceof Class)) {
      component?.remove();
      component = new Class();
      components.set(place, component);
    }
    return component.draw(drawing);
  };
}

// Calls with the number of a photo whose dialog has been closed.
const CLOSED = "recollect-closed";

export function onPhotoClosed(signal, focus) {
  document.addEventListener(CLOSED, ({ detail }) => focus(detail), { signal });
}

export function notifyPhotoClosed(id) {
  document.dispatchEvent(new CustomEvent(CLOSED, { detail: id }));
}
