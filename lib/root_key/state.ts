/**
 * The life of the root key as a pure state machine. It holds no key material and has no effects; `KeyControl` carries
 * out what follows from a transition.
 *
 * ```text
 * waiting ──provisional──▶ provisional ──installed──▶ ready
 *    ▲  │                      │                       │
 *    │  └────────installed─────┼───────────────────────┤
 *    ├───────────dropped───────┴───────────────────────┘
 *    │◀──round-over── lost ◀──owner-seen── waiting
 *    └───unsealed──── sealed ◀──sealed── any;  sealed ──installed──▶ ready
 * ```
 */
import type { ShardSet } from "../recovery/mod.ts";

/** State of the root key in this Nexus. */
export type RootKeyState =
  /** There is no key; shards are collected from keepers. */
  | { readonly kind: "waiting" }
  /** The first key of an empty store, until evidence or Bootstrap's proof makes it final. */
  | {
    readonly kind: "provisional";
    readonly set: ShardSet;
    /** No stamp vouches for it: all n shards on one polynomial count as evidence as well. */
    readonly isUnstamped: boolean;
  }
  /** The key that opens the store is held. */
  | {
    readonly kind: "ready";
    readonly set: ShardSet;
    readonly storeId: Uint8Array;
    /** Operators handed it in by shards, so keepers may be unable to bring it back. */
    readonly isByHand: boolean;
  }
  /** An operator sealed Nexus; keepers are not asked. */
  | { readonly kind: "sealed" }
  /** The store is empty, but keepers hold shards of another one: its database is lost. */
  | { readonly kind: "lost" };

/** A state that Nexus is in while it holds the key of its store. */
export type ReadyState = Extract<RootKeyState, { readonly kind: "ready" }>;

/** What happens to the root key. */
export type RootKeyEvent =
  | { readonly kind: "provisional"; readonly set: ShardSet; readonly isUnstamped: boolean }
  | {
    readonly kind: "installed";
    readonly set: ShardSet;
    readonly storeId: Uint8Array;
    readonly isByHand: boolean;
  }
  /** Another set of shards came into force. */
  | { readonly kind: "set-committed"; readonly set: ShardSet }
  /** The keys were dropped: a proof refuted them, another Nexus went on, or their fate is unknown. */
  | { readonly kind: "dropped" }
  | { readonly kind: "sealed" }
  | { readonly kind: "unsealed" }
  /** A keeper named another store as the owner of its shard. */
  | { readonly kind: "owner-seen" }
  /** Every keeper was asked, and no key was rebuilt. */
  | { readonly kind: "round-over"; readonly hasSeenOwner: boolean };

/** The state before the first event. */
export const WAITING: RootKeyState = { kind: "waiting" };

/** The state that follows an event; the same object where the event changes nothing. */
export function follow(state: RootKeyState, event: RootKeyEvent): RootKeyState {
  switch (event.kind) {
    case "provisional":
      return { kind: "provisional", set: event.set, isUnstamped: event.isUnstamped };
    case "installed":
      return {
        kind: "ready",
        set: event.set,
        storeId: event.storeId,
        isByHand: event.isByHand,
      };
    case "set-committed":
      return state.kind === "ready" ? { ...state, set: event.set } : state;
    case "dropped":
      return state.kind === "sealed" ? state : WAITING;
    case "sealed":
      return { kind: "sealed" };
    case "unsealed":
      return state.kind === "sealed" ? WAITING : state;
    case "owner-seen":
      return state.kind === "waiting" ? { kind: "lost" } : state;
    case "round-over":
      return state.kind === "lost" && !event.hasSeenOwner ? WAITING : state;
  }
}

/** The set of the key that is held, final or not. */
export function heldSet(state: RootKeyState): ShardSet | undefined {
  return state.kind === "ready" || state.kind === "provisional" ? state.set : undefined;
}

/** Whether a late answer about `generation` may still make Nexus drop its key and collect shards again. */
export function mayStandBack(state: RootKeyState, generation: number): boolean {
  return state.kind === "ready" && !state.isByHand && state.set.generation === generation;
}
