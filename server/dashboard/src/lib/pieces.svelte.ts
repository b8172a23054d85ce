/** How many of many may be drawn by now: a piece more with each picture of the screen, so that the page answers meanwhile. */
export function pieces(whole: () => number, piece: number): { readonly upto: number } {
  let upto = $state(piece);
  $effect(() => {
    if (upto >= whole()) return;
    const next = requestAnimationFrame(() => (upto += piece));
    return () => cancelAnimationFrame(next);
  });
  return {
    get upto() {
      return upto;
    },
  };
}
