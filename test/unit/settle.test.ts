/**
 * @module Virtual time over real sockets: it moves only once every byte written on loopback was read and answered,
 * whatever carries the bytes. A suite that sleeps instead is slow when it is right and wrong when the machine is slow.
 */
import { once } from 'node:events';
import { createServer as createHttpServer, type Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Server as NetServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { pendingWork, trackWork } from '../../src/runtime/work.ts';
import { openSockets, settle, watchSockets } from '../../src/testing/settle.ts';
import { createVirtualClock } from '../../src/testing/virtual-clock.ts';

watchSockets();

const closers: (() => void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) close();
  await settle();
  expect(openSockets()).toBe(0);
});

async function listen<S extends NetServer | Server>(server: S): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A WebSocket server that sends everything back `wait` ms later by `clock`. */
async function echoServer(clock = createVirtualClock(), wait = 0): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false });
  await once(server, 'listening');
  closers.push(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  server.on('connection', (socket) =>
    socket.on('message', (data, binary) => {
      if (wait === 0) socket.send(data, { binary });
      else clock.setTimeout(() => socket.send(data, { binary }), wait);
    }),
  );
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function openClient(url: string): WebSocket {
  const client = new WebSocket(url, { perMessageDeflate: false });
  closers.push(() => client.terminate());
  return client;
}

describe('settle', () => {
  test('waits for a handshake and for a message there and back', async () => {
    const client = openClient(await echoServer());
    const seen: string[] = [];
    client.on('open', () => {
      seen.push('open');
      client.send('hello');
    });
    client.on('message', (data: Buffer) => seen.push(data.toString()));
    await settle();
    expect(seen).toEqual(['open', 'hello']);
  });

  test('waits for a message far bigger than any buffer', async () => {
    const client = openClient(await echoServer());
    await settle();
    let size = 0;
    client.on('message', (data: Buffer) => (size += data.length));
    client.send(Buffer.alloc(8 << 20, 1));
    await settle();
    expect(size).toBe(8 << 20);
  });

  test('waits for a hundred round trips, each begun by the one before', async () => {
    const client = openClient(await echoServer());
    await settle();
    let trips = 0;
    client.on('message', () => {
      trips += 1;
      if (trips < 100) client.send('again');
    });
    client.send('once');
    await settle();
    expect(trips).toBe(100);
  });

  test('waits for a close to be heard at the other end', async () => {
    const url = await echoServer();
    const clients = [openClient(url), openClient(url), openClient(url)];
    await settle();
    expect(openSockets()).toBe(6);
    const codes: number[] = [];
    for (const client of clients) client.on('close', (code) => codes.push(code));
    for (const client of clients) client.close(4_001);
    await settle();
    expect(codes).toEqual([4_001, 4_001, 4_001]);
    expect(openSockets()).toBe(0);
  });

  test('waits for an end that comes as a cut', async () => {
    const client = openClient(await echoServer());
    await settle();
    let over = false;
    client.on('close', () => (over = true));
    client.terminate();
    await settle();
    expect(over).toBe(true);
  });

  test('waits for an HTTP request and its answer, by fetch too', async () => {
    const port = await listen(
      createHttpServer((request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => response.end(`${request.method} ${body.length}`));
      }),
    );
    let answer = '';
    const asked = fetch(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: 'x'.repeat(300_000),
      headers: { connection: 'close' },
    })
      .then((response) => response.text())
      .then((text) => (answer = text));
    await settle();
    expect(answer).toBe('POST 300000');
    await asked;
  });

  test('waits for a connection that is refused', async () => {
    const server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    server.close();
    await once(server, 'close');
    let code = '';
    connect(port, '127.0.0.1').on('error', (error: Error & { code?: string }) => (code = error.code ?? ''));
    await settle();
    expect(code).toBe('ECONNREFUSED');
  });

  test('does not wait for a reader that was paused on purpose', async () => {
    let peer: Socket | undefined;
    const port = await listen(createServer((socket) => (peer = socket)));
    const client = connect(port, '127.0.0.1');
    closers.push(() => {
      client.destroy();
      peer?.destroy();
    });
    await settle();
    peer!.pause();
    client.write('x'.repeat(4_000_000));
    await settle();
    let read = 0;
    peer!.on('data', (chunk: Buffer) => (read += chunk.length));
    peer!.resume();
    await settle();
    expect(read).toBe(4_000_000);
  });

  test('waits for work that no socket shows', async () => {
    const order: string[] = [];
    const slow = async (): Promise<void> => {
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    };
    void trackWork(slow()).then(() => order.push('work'));
    expect(pendingWork()).toBe(1);
    await settle();
    order.push('settled');
    expect(order).toEqual(['work', 'settled']);
    expect(pendingWork()).toBe(0);
  });

  test('counts work that failed as over, and leaves the failure to its owner', async () => {
    await expect(trackWork(Promise.reject(new TypeError('no')))).rejects.toThrow('no');
    expect(pendingWork()).toBe(0);
  });
});

describe('virtual time over sockets', () => {
  test('moves from timer to timer, with all answers in between', async () => {
    const clock = createVirtualClock();
    const client = openClient(await echoServer(clock, 120));
    const seen: [string, number][] = [];
    client.on('message', (data: Buffer) => seen.push([data.toString(), clock.now()]));
    client.on('open', () => {
      for (const at of [0, 100, 1_000]) clock.setTimeout(() => client.send(`sent at ${at}`), at);
    });
    await clock.run(2_000);
    expect(seen).toEqual([
      ['sent at 0', 120],
      ['sent at 100', 220],
      ['sent at 1000', 1_120],
    ]);
  });

  test('gives the same order every time, with several sockets at once', async () => {
    const play = async (): Promise<string[]> => {
      const clock = createVirtualClock();
      const url = await echoServer(clock, 7);
      const seen: string[] = [];
      const clients = Array.from({ length: 4 }, () => openClient(url));
      await settle();
      for (const [index, client] of clients.entries()) {
        client.on('message', (data: Buffer) => seen.push(`${clock.now()} ${data.toString()}`));
        const say = (count: number): void => {
          client.send(`${index}:${count}`);
          if (count < 10) clock.setTimeout(() => say(count + 1), 20 + index);
        };
        clock.setTimeout(() => say(0), index);
      }
      await clock.run(1_000);
      return seen;
    };
    const first = await play();
    expect(first).toHaveLength(44);
    expect(await play()).toEqual(first);
  });
});
