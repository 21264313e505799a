/** @module The `link` chart: one control connection's life. Pure; the socket and the dice come in by port. */
export { backoffDelay } from './delays.ts';
export {
  createLinkLogic,
  type LinkEvent,
  type LinkFact,
  type LinkInput,
  type LinkLogic,
  linkMachine,
  type LinkOrder,
  type LinkPorts,
  type LinkRefusal,
  type LinkSocket,
} from './link.ts';
