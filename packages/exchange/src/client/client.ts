import { isIP } from "node:net";
import { PulmuError } from "@pulmu/units";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { wallClock, type Clock } from "../clock.ts";
import type { Qos } from "../message.ts";
import { parseBrokerAddress, type BrokerAddress } from "./address.ts";
import { askBroker, deadline, type AskBroker } from "./answer.ts";
import type { Bus, MessageHandler, PublishOptions } from "./bus.ts";
import { EvictionWatch } from "./eviction.ts";
import { Inbox } from "./inbox.ts";
import { BUS_LIMITS, type BusLimits } from "./limits.ts";
import { fixedLogin, type Login, type LoginSource } from "./login.ts";
import type { BusNotice, BusStats } from "./notice.ts";
import { connectionProblem, refusesLogin } from "./problems.ts";
import { Routes, type Route } from "./routes.ts";

export interface BusOptions {
  /** `mqtt://host:1883` or `mqtts://host:8883`. */
  readonly address: string;
  /** Stays the same over restarts: the broker keeps the session by it, and two clients that share one evict each other. */
  readonly clientId: string;
  /** Left out: the address's user and password, or anonymous. */
  readonly login?: LoginSource;
  /** PEM texts. `cert` and `key` together: mutual TLS. Left out: the system's authorities. */
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
  /** Put before every topic, such as `cpc/seoul-1/` on a common services cluster. */
  readonly topicPrefix?: string;
  /** `kept`: the broker keeps what comes while we are away (QoS 1 and 2). For commands; telemetry is worth nothing later. */
  readonly session?: "clean" | "kept";
  readonly limits?: Partial<BusLimits>;
}

/** A connection to a broker by MQTT 3.1.1 that comes back by itself, with what it was subscribed to. */
export class BusClient implements Bus {
  readonly stats: BusStats = { sent: 0, received: 0, declined: 0, tooLarge: 0, reconnects: 0, deliveredBelow: 0 };
  readonly clientId: string;
  readonly address: BrokerAddress;
  readonly #mqtt: MqttClient;
  readonly #login: LoginSource;
  readonly #limits: BusLimits;
  readonly #clock: Clock;
  readonly #routes: Routes;
  readonly #prefix: string;
  readonly #notify: (notice: BusNotice) => void;
  readonly #answered: AskBroker;
  readonly #inbox: Inbox;
  readonly #evictions = new EvictionWatch();
  /** Highest QoS at which messages are delivered here, as far as it is known. */
  #delivered: Qos = 2;
  /** The broker was asked for QoS 2: some end the connection at such a message. */
  #asked = false;
  #unacknowledged = 0;
  #closed = false;
  #everConnected = false;
  /** What failed since the last connection: said once, not at every attempt. */
  #lastFailure = "";
  #cancelRenewal: () => void = () => {};

  private constructor(options: BusOptions, address: BrokerAddress, login: Login, notify: (notice: BusNotice) => void, clock: Clock) {
    this.clientId = options.clientId;
    this.address = address;
    this.#login = loginSource(options, address);
    this.#limits = { ...BUS_LIMITS, ...options.limits };
    this.#clock = clock;
    this.#prefix = options.topicPrefix ?? "";
    this.#routes = new Routes(this.#prefix);
    this.#notify = notify;
    this.#answered = askBroker(clock, this.#limits.answerMs);
    this.#inbox = new Inbox(this.#routes, this.#limits, this.stats, clock, notify, (filter, qos) => {
      if (qos < this.#delivered) this.#lower(qos, `messages of ${filter} come at ${qos}, as over a federated bus`);
    });
    this.#mqtt = mqtt.connect(this.#mqttOptions(options, login));
    this.#mqtt.handleMessage = (packet, done) => this.#inbox.receive(packet, done);
    this.#mqtt.on("connect", () => this.#connected());
    this.#mqtt.on("close", () => this.#lost());
    this.#mqtt.on("error", (error) => this.#failed(error));
    this.#mqtt.on("reconnect", () => {
      const [first, longest] = this.#limits.reconnectMs;
      this.#mqtt.options.reconnectPeriod = Math.min(longest, Math.max(first, this.#mqtt.options.reconnectPeriod! * 2));
    });
    this.#scheduleRenewal();
  }

  /**
   * Connects. Fails when the first attempt fails; after that it keeps trying for ever.
   * @throws PulmuError `exchange.address`, `exchange.unreachable`, `exchange.not-authorised`, `exchange.refused`, `exchange.token-*`
   */
  static async connect(options: BusOptions, notify: (notice: BusNotice) => void = () => {}, clock: Clock = wallClock): Promise<BusClient> {
    const address = parseBrokerAddress(options.address);
    const login = await loginSource(options, address).login(false);
    const client = new BusClient(options, address, login, notify, clock);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    client.#mqtt.once("connect", () => resolve());
    client.#mqtt.once("error", reject);
    client.#mqtt.once("close", () => reject(new Error("the broker closed the connection")));
    try {
      await promise;
      return client;
    } catch (error) {
      await client.close();
      throw connectionProblem(error as Error, address, client.clientId);
    }
  }

  get connected(): boolean {
    return this.#mqtt.connected;
  }

  get maxQos(): Qos {
    return this.#delivered;
  }

  async publish(topic: string, payload: Uint8Array | string, { qos = 0, retain = false }: PublishOptions = {}): Promise<void> {
    if (this.#closed) throw new PulmuError({ code: "exchange.closed", path: topic, rule: "the connection was closed" });
    if (Buffer.byteLength(payload) > this.#limits.maxPayloadBytes) {
      throw new PulmuError({
        code: "exchange.too-large",
        path: topic,
        value: `${Buffer.byteLength(payload)} bytes`,
        rule: `a message has at most ${this.#limits.maxPayloadBytes} bytes`,
      });
    }
    if (this.#unacknowledged >= this.#limits.maxUnacknowledged || this.#unsentBytes > this.#limits.maxUnsentBytes) {
      const rule = `${this.#unacknowledged} messages wait for the broker's acknowledgement`;
      throw new PulmuError({ code: "exchange.queue-full", path: topic, rule, hint: "wait for one publish before the next" });
    }
    if (qos === 2 && !this.#asked) await this.#probeQos();
    this.#unacknowledged++;
    try {
      await this.#answered(`publish to ${topic}`, (done) => {
        this.#mqtt.publish(
          this.#prefix + topic,
          payload as string | Buffer,
          { qos: qos === 2 && this.#delivered < 2 ? 1 : qos, retain },
          done,
        );
        const id = this.#mqtt.getLastMessageId();
        return () => {
          if (this.#mqtt.outgoing[id]?.cb === done) this.#mqtt.removeOutgoingMessage(id); // told as failed: not sent again later
        };
      });
      this.stats.sent++;
    } finally {
      this.#unacknowledged--;
    }
  }

  offer(topic: string, payload: Uint8Array | string, retain = false): boolean {
    if (this.#closed || !this.#mqtt.connected || this.#unsentBytes > this.#limits.maxUnsentBytes) {
      this.stats.declined++;
      return false;
    }
    this.#mqtt.publish(this.#prefix + topic, payload as string | Buffer, retain ? RETAINED : UNRETAINED);
    this.stats.sent++;
    return true;
  }

  async subscribe(filter: string, qos: Qos, handler: MessageHandler, sentAt: Qos = 0): Promise<Qos> {
    const route = this.#routes.open(filter, qos, sentAt);
    route.handlers.add(handler);
    try {
      return await this.#ask(route);
    } catch (error) {
      await this.unsubscribe(filter, handler);
      throw error;
    }
  }

  async unsubscribe(filter: string, handler: MessageHandler): Promise<void> {
    const route = this.#routes.get(filter);
    if (route === undefined || !route.handlers.has(handler)) return;
    const isLast = route.handlers.size === 1;
    if (isLast && this.connected && !this.#closed) {
      // What comes before the broker has let go is still the handler's.
      await this.#answered(`unsubscribe from ${filter}`, (done) => void this.#mqtt.unsubscribe(this.#prefix + filter, done)).catch(
        () => {},
      );
    }
    route.handlers.delete(handler);
    if (route.handlers.size === 0) this.#routes.close(filter);
  }

  /** Says goodbye; what was not acknowledged by then is given up. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.close();
    this.#cancelRenewal();
    const ended = new Promise<void>((resolve) => this.#mqtt.end(!this.connected, () => resolve()));
    const { promise: late, cancel } = deadline(this.#clock, 1_000);
    if ((await Promise.race([ended.then(() => "ended"), late.then(() => "late")])) === "late") this.#mqtt.stream.destroy();
    cancel();
  }

  #mqttOptions({ tls = {}, session = "clean" }: BusOptions, login: Login): IClientOptions {
    const { host, port } = this.address;
    return {
      protocol: this.address.tls ? "mqtts" : "mqtt",
      protocolVersion: 4,
      host,
      port,
      ...(isIP(host) === 0 && { servername: host }),
      clientId: this.clientId,
      clean: session === "clean",
      keepalive: this.#limits.keepaliveS,
      connectTimeout: this.#limits.answerMs,
      reconnectPeriod: this.#limits.reconnectMs[0],
      reconnectOnConnackError: true,
      resubscribe: false, // we do it on every connection, whatever the broker says of our session
      queueQoSZero: false,
      ...login,
      ...tls,
    };
  }

  get #unsentBytes(): number {
    return (this.#mqtt.stream as { writableLength?: number }).writableLength ?? 0;
  }

  #connected(): void {
    if (this.#everConnected) this.stats.reconnects++;
    this.#everConnected = true;
    this.#lastFailure = "";
    this.#mqtt.options.reconnectPeriod = this.#limits.reconnectMs[0];
    this.#evictions.connected(this.#clock.nowMs());
    this.#notify({ severity: "info", code: "exchange.connected", text: `connected to ${this.address.shown} as ${this.clientId}` });
    for (const route of this.#routes.all()) {
      this.#ask(route).catch((error: unknown) => {
        if (this.connected) this.#notify({ severity: "critical", code: "exchange.subscribe-refused", text: (error as Error).message });
      });
    }
  }

  #lost(): void {
    if (this.#closed || !this.#evictions.lost(this.#clock.nowMs())) return;
    const { shown } = this.address;
    if (this.#evictions.likely) {
      this.#mqtt.options.reconnectPeriod = this.#limits.reconnectMs[1]; // two that evict each other at full speed help nobody
      const text = `${shown} closes the connection soon after each start: another client probably uses the client id ${this.clientId}`;
      this.#notify({ severity: "critical", code: "exchange.evicted", text });
    } else this.#notify({ severity: "warning", code: "exchange.lost", text: `lost the connection to ${shown}; trying again` });
  }

  #failed(error: Error): void {
    if (!this.#everConnected) return; // `connect` tells
    if (refusesLogin(error)) this.#renewLogin(true);
    const text = connectionProblem(error, this.address, this.clientId).message;
    if (text !== this.#lastFailure) this.#notify({ severity: "warning", code: "exchange.refused", text });
    this.#lastFailure = text;
  }

  #renewLogin(refused: boolean): void {
    this.#login.login(refused).then(
      (login) => {
        Object.assign(this.#mqtt.options, login);
        this.#scheduleRenewal();
      },
      (error: unknown) => {
        this.#notify({ severity: "critical", code: "exchange.refused", text: (error as Error).message });
        this.#cancelRenewal = this.#clock.after(this.#limits.reconnectMs[1], () => this.#renewLogin(refused));
      },
    );
  }

  /** The next connection must not fail for an old token; a running one does not end with its token. */
  #scheduleRenewal(): void {
    this.#cancelRenewal();
    const inMs = this.#login.renewAtMs - this.#clock.nowMs();
    if (inMs < 2 ** 31) this.#cancelRenewal = this.#clock.after(Math.max(1_000, inMs), () => this.#renewLogin(false));
  }

  async #ask(route: Route): Promise<Qos> {
    let granted = 0;
    await this.#answered(`subscribe to ${route.filter}`, (done) => {
      this.#mqtt.subscribe(this.#prefix + route.filter, { qos: route.qos }, (error, _asked, answer) => {
        granted = (answer?.granted[0] as number | undefined) ?? 0;
        done(answer === undefined ? error : undefined);
      });
    });
    if (granted >= 128) {
      throw new PulmuError({
        code: "exchange.subscribe-refused",
        path: route.filter,
        rule: `${this.address.shown} does not let ${this.clientId} subscribe to this`,
        hint: "ask for the permission, or name another client",
      });
    }
    if (route.qos === 2) this.#asked = true;
    if (granted < Math.min(route.qos, this.#delivered))
      this.#lower(granted as Qos, `it grants ${granted} where ${route.qos} was asked for`);
    return granted as Qos;
  }

  #lower(qos: Qos, why: string): void {
    this.#delivered = qos;
    const text = `${this.address.shown} delivers at QoS ${qos} at most: ${why}. Events are told apart by their id, and sent again until they are answered`;
    this.#notify({ severity: "warning", code: "exchange.qos-lowered", text });
  }

  /** Some brokers end the connection at a QoS 2 message. A subscription, to a topic that nobody uses, asks without harm. */
  async #probeQos(): Promise<void> {
    this.#asked = true;
    const filter = `pulmu/probe/${this.clientId}`;
    const ignore = () => {};
    try {
      await this.subscribe(filter, 2, ignore);
      await this.unsubscribe(filter, ignore);
    } catch {
      this.#lower(1, "it does not let us ask for 2");
    }
  }
}

const UNRETAINED = { qos: 0, retain: false } as const;
const RETAINED = { qos: 0, retain: true } as const;

function loginSource({ login }: BusOptions, { username, password }: BrokerAddress): LoginSource {
  return login ?? fixedLogin({ ...(username !== undefined && { username }), ...(password !== undefined && { password }) });
}
