/**
 * @module Pares a course down to what breaks its law: each action, each setting that can go goes, and each wait becomes
 * as short as it may be. What fast-check leaves behind is shorter than what it found, but seldom short.
 */
import { play } from './play.ts';
import type { Course } from './script.ts';

/** A law by its first line: the rest says where it was broken, which changes with the course. */
export const lawOf = (breach: string | undefined): string | undefined =>
  breach?.split('\n', 1)[0]!.replace(/\d+/g, 'N').replace(/\{.*/, '');

/** The shortest course found that still breaks the same law. */
export function pare(course: Course): Course {
  const law = lawOf(play(course));
  const breaks = (candidate: Course): boolean => lawOf(play(candidate)) === law;
  let best = course;
  for (let before: Course | undefined; before !== best;) {
    before = best;
    for (const candidate of simplifications(best)) {
      if (!breaks(candidate)) continue;
      best = candidate;
      break;
    }
  }
  return best;
}

/** Courses one step simpler, the greatest steps first. */
function* simplifications(course: Course): Generator<Course> {
  const { actions, policy } = course;
  for (let size = actions.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at + size <= actions.length; at += size) {
      yield { ...course, actions: actions.toSpliced(at, size) };
    }
  }
  for (const key of Object.keys(policy)) {
    if (key === 'turns') continue;
    yield {
      ...course,
      policy: Object.fromEntries(Object.entries(policy).filter(([other]) => other !== key)),
    };
  }
  if (course.marks !== 'echo-on-clear') yield { ...course, marks: 'echo-on-clear' };
  if (course.rest !== 'silence') yield { ...course, rest: 'silence' };
  if (course.ends !== 'hangup') yield { ...course, ends: 'hangup' };
  for (const [at, action] of actions.entries()) {
    for (const simpler of simplerActions(action)) {
      yield { ...course, actions: actions.with(at, simpler) };
    }
  }
}

/** The same with a rounder number, or a smaller one: readable before short. */
function simplerActions(action: string): string[] {
  const [name, value] = action.split(' ');
  const number = Number(value);
  if (!Number.isInteger(number) || name === 'press') return [];
  return [1, 10, 100, 500, 1_000, 5_000, 10_000]
    .filter((round) => round < number)
    .concat(number > 1 ? [number >> 1] : [])
    .filter((smaller) => number % 100 !== 0 || smaller % 100 === 0 || smaller < number / 2)
    .map((smaller) => `${name} ${smaller}`);
}
