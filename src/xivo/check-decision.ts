/** What `xivo-check-master-status` concludes from what it saw. Pure. */
export interface CheckLook {
  /** The node's role was changed while it was looking. */
  readonly roleChanged: boolean;
  /** `own-trouble`: the question did not leave this machine. */
  readonly echo: 'answered' | 'silent' | 'own-trouble';
  /** Whether this node reaches anything else; `unknown` where there is nothing to ask. */
  readonly ownNetwork: 'well' | 'cut-off' | 'unknown';
  readonly servesHere: boolean;
  /** The main's SIP, asked only where this node would hand back to it. */
  readonly mainSip: 'answers' | 'silent' | 'not-asked';
}

export interface Conclusion {
  readonly what: 'start' | 'stop' | 'leave';
  readonly why: string;
}

/** Silence of the main counts only where this node is not the one that is cut off; an echo alone ends no service here. */
export const conclude = (look: CheckLook): Conclusion => {
  if (look.roleChanged) return { what: 'leave', why: 'this node is no standby any more' };
  if (look.echo === 'own-trouble')
    return { what: 'leave', why: "this node's own network is down: that says nothing about the main" };
  if (look.echo === 'silent') {
    if (look.ownNetwork === 'cut-off') {
      return { what: 'leave', why: 'neither the main nor the gateway is reached: this node may be the one cut off' };
    }
    return { what: 'start', why: 'the main is silent' };
  }
  if (look.servesHere && look.mainSip !== 'answers') {
    return { what: 'leave', why: 'the main answers echo but not SIP yet: this node goes on' };
  }
  return { what: 'stop', why: 'the main is up' };
};
