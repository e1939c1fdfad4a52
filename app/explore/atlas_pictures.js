// Hands thumbnails to the atlas: data.pictures = {photo id: url, or null where there is none}.

import { notifyPictures } from "./atlas_events.js";

export default function ({ data }) {
  notifyPictures(data.pictures);
}
