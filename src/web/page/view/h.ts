/** Makes one element or component; Preact's own `h`, with types that strict settings accept. */
import { type ComponentChildren, h as element, type VNode } from 'preact';

type Attributes = Readonly<Record<string, unknown>>;
type Props<P> = P extends { readonly children?: unknown }
  ? Omit<P, 'children'> & { readonly children?: P['children'] }
  : P;
type Children = readonly ComponentChildren[];

export function h(tag: string, attributes: Attributes | null, ...children: Children): VNode;
export function h<P>(
  component: (props: P) => unknown,
  props: (Props<P> & { readonly key?: string | number }) | null,
  ...children: Children
): VNode;
export function h(type: unknown, props: unknown, ...children: Children): VNode {
  return element(type as string, props as Attributes, ...children);
}
