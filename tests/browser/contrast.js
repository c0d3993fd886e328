/* Texts of a widget that stand out too little from what lies under them, with their ratios. */
root => {
    // Colours as the browser composes them: a canvas paints paper, then what lies on it.
    const pen = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
    const over = (colours) => {
        pen.clearRect(0, 0, 1, 1);
        for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
        return pen.getImageData(0, 0, 1, 1).data;
    };
    const light = ([r, g, b]) => [[r, .2126], [g, .7152], [b, .0722]].reduce((sum, [v, w]) =>
        sum + w * (v <= 10 ? v / 255 / 12.92 : ((v / 255 + .055) / 1.055) ** 2.4), 0);
    const poor = [];
    for (const node of root.querySelectorAll('*')) {
        const own = [...node.childNodes].some(c => c.nodeType === 3 && c.textContent.trim());
        if (!own || !node.getClientRects().length || node.closest('option, :disabled')) continue;
        const papers = [];
        for (let up = node; up; up = up.parentElement) papers.unshift(getComputedStyle(up).backgroundColor);
        // Texts of a drawing stand on its boxes, if they stand in one.
        const box = node.closest('.wb-type')?.querySelector('.wb-box');
        if (box) papers.push(getComputedStyle(box).fill);
        const style = getComputedStyle(node);
        const ink = node instanceof SVGElement ? style.fill : style.color;
        const [a, b] = [light(over(papers)), light(over([...papers, ink]))].sort((x, y) => y - x);
        const ratio = (a + .05) / (b + .05);
        if (ratio < 4.5) poor.push(`${ratio.toFixed(1)} ${node.textContent.slice(0, 40)}`);
    }
    return poor;
}
