// Texts to begin with.
import hello from "../templates/hello.yaml?raw";
import order from "../templates/order.yaml?raw";
import summary from "../templates/summary.yaml?raw";
import tick from "../templates/tick.yaml?raw";

export const templates = [
  { name: "Hello", about: "One step, one input: the smallest workflow that says something.", text: hello },
  { name: "On a schedule", about: "Every ten minutes, by itself.", text: tick },
  { name: "A loop and a person", about: "Items one by one, and a question where it gets expensive.", text: order },
  { name: "A model and a person", about: "A model writes, a person says yes. Needs a key.", text: summary },
];
