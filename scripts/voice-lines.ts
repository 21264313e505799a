/**
 * @module The words of every clip in `assets/voices`, read by `make-voices.ts`. `text` is what a transcript
 * shows; `say` is given where the synthesiser needs other spelling to say the same thing (numbers, mostly).
 */

export type Role = 'agent' | 'caller';

export interface Line {
  readonly name: string;
  readonly role: Role;
  readonly text: string;
  /** What the synthesiser reads; default `text`. */
  readonly say?: string;
  /** Words a minute; default that of the voice. */
  readonly speed?: number;
}

/** What the runtime itself says. `apology` must fit both before going on and before hanging up. */
const OWN_EN: readonly Line[] = [
  {
    name: 'apology',
    role: 'agent',
    text: "I'm sorry, I'm having some trouble right now. Please try again in a moment.",
  },
  { name: 'one-moment', role: 'agent', text: "One moment, please. I'll be right with you." },
  { name: 'filler', role: 'agent', text: 'Hm, just a moment.' },
  { name: 'away', role: 'agent', text: "I'm putting you through now. Please stay on the line." },
  { name: 'consent', role: 'agent', text: 'This call may be recorded, to help us improve our service.' },
  {
    name: 'transfer-failed',
    role: 'agent',
    text: "I'm sorry, nobody could take the call just now. I'm still here. What can I do for you?",
  },
  {
    name: 'goodbye',
    role: 'agent',
    text: "I'm afraid our time for this call is up, so I have to hang up now. Thank you for calling. Goodbye!",
  },
];

const OWN_KO: readonly Line[] = [
  {
    name: 'apology',
    role: 'agent',
    text: '죄송합니다. 지금 일시적인 문제가 있습니다. 잠시 후에 다시 시도해 주세요.',
  },
  { name: 'one-moment', role: 'agent', text: '잠시만 기다려 주세요. 곧 도와드리겠습니다.' },
  { name: 'filler', role: 'agent', text: '음, 잠시만요.' },
  { name: 'away', role: 'agent', text: '지금 연결해 드리겠습니다. 끊지 말고 잠시만 기다려 주세요.' },
  { name: 'consent', role: 'agent', text: '서비스 품질 향상을 위해 이 통화는 녹음될 수 있습니다.' },
  {
    name: 'transfer-failed',
    role: 'agent',
    text: '죄송합니다. 지금은 전화를 받을 수 있는 담당자가 없습니다. 제가 계속 도와드리겠습니다.',
  },
  {
    name: 'goodbye',
    role: 'agent',
    text: '통화할 수 있는 시간이 다 되어 이만 마치겠습니다. 전화해 주셔서 감사합니다. 안녕히 계세요.',
  },
];

const DEMO_EN: readonly Line[] = [
  { name: 'agent-greeting', role: 'agent', text: 'Hello, this is Maple Street Books. How can I help you?' },
  {
    name: 'caller-ask',
    role: 'caller',
    text: "Hi, I'd like to know where my order is. The number is 4821.",
    say: "Hi, I'd like to know where my order is. The number is four, eight, two, one.",
  },
  {
    name: 'agent-answer',
    role: 'agent',
    text:
      'Thank you, I have it here. Your order left our warehouse yesterday evening, ' +
      'and this morning it reached the sorting centre. From there it goes to the depot in your area. ' +
      'The driver will send you a message on the day, ' +
      'and you should have it within the next two or three days.',
  },
  { name: 'caller-barge', role: 'caller', text: 'Sorry, wait. Which day will it be, exactly?' },
  {
    name: 'agent-answer-day',
    role: 'agent',
    text: 'It will be with you on Thursday, between two and four in the afternoon.',
  },
  {
    name: 'caller-thanks',
    role: 'caller',
    text: "Thursday is perfect, I'll be at home then. Thank you, goodbye!",
  },
  { name: 'agent-goodbye', role: 'agent', text: "You're welcome. Enjoy your books, and goodbye!" },
];

const DEMO_KO: readonly Line[] = [
  { name: 'agent-greeting', role: 'agent', text: '안녕하세요, 단풍길 서점입니다. 무엇을 도와드릴까요?' },
  {
    name: 'caller-ask',
    role: 'caller',
    text: '안녕하세요, 제가 주문한 책이 어디쯤 왔는지 궁금해서요. 주문 번호는 4821이에요.',
    say: '안녕하세요, 제가 주문한 책이 어디쯤 왔는지 궁금해서요. 주문 번호는 사, 팔, 이, 일이에요.',
  },
  {
    name: 'agent-answer',
    role: 'agent',
    text:
      '네, 확인했습니다. 주문하신 책은 어제저녁 물류 센터에서 출발해서 오늘 아침 분류 센터에 도착했습니다. ' +
      '배송 당일에 기사님이 문자로 안내해 드릴 예정이고, 앞으로 이삼일 안에 받아 보실 수 있습니다.',
  },
  { name: 'caller-barge', role: 'caller', text: '아, 잠깐만요. 정확히 무슨 요일에 오나요?' },
  {
    name: 'agent-answer-day',
    role: 'agent',
    text: '목요일 오후 두 시에서 네 시 사이에 도착할 예정입니다.',
  },
  {
    name: 'caller-thanks',
    role: 'caller',
    text: '목요일이면 집에 있어요. 감사합니다, 안녕히 계세요.',
  },
  { name: 'agent-goodbye', role: 'agent', text: '네, 감사합니다. 즐거운 독서 되세요.' },
];

/** Number and code words of the twenty callers; no word comes twice, so that no two lines can be mistaken. */
const TWENTY: readonly (readonly [number: string, code: string])[] = [
  ['one', 'amber river'],
  ['two', 'broken lantern'],
  ['three', 'copper kettle'],
  ['four', 'distant thunder'],
  ['five', 'early harvest'],
  ['six', 'frozen garden'],
  ['seven', 'golden anchor'],
  ['eight', 'hidden tunnel'],
  ['nine', 'ivory chess'],
  ['ten', 'jolly sailor'],
  ['eleven', 'kindly baker'],
  ['twelve', 'lucky parrot'],
  ['thirteen', 'mellow cello'],
  ['fourteen', 'northern light'],
  ['fifteen', 'open window'],
  ['sixteen', 'purple violin'],
  ['seventeen', 'quiet forest'],
  ['eighteen', 'rusty bicycle'],
  ['nineteen', 'silver bridge'],
  ['twenty', 'tiny umbrella'],
];

/** Fast enough for every line to stay under 2.5 s. */
const TWENTY_SPEED = 205;

const CROWD_EN: readonly Line[] = TWENTY.flatMap(([number, code], index) => {
  const id = String(index + 1).padStart(2, '0');
  return [
    {
      name: `caller-${id}`,
      role: 'caller',
      text: `This is caller ${number}, my code is ${code}.`,
      speed: TWENTY_SPEED,
    },
    {
      name: `agent-${id}`,
      role: 'agent',
      text: `Hello caller ${number}, you said ${code}.`,
      speed: TWENTY_SPEED,
    },
  ] satisfies Line[];
});

/** Every clip by language. */
export const LINES: Readonly<Record<'en' | 'ko', readonly Line[]>> = {
  en: [...OWN_EN, ...DEMO_EN, ...CROWD_EN],
  ko: [...OWN_KO, ...DEMO_KO],
};
