/** How the figures of the first page come about. */
export const figures = {
  "figure.why": "How {figure} comes about",
  "figure.tokens": "Output tokens of the last second: {services} services and what batch jobs make",
  "figure.work": "Service by service",
  "figure.perMW": "{tokens} tokens/s ÷ {power}",
  "figure.jPerToken": "{power} ÷ {tokens} tokens/s",
  "figure.jPerTokenText": "Token work is given its GPUs' share of all the site draws: cooling and losses too.",
  "figure.pue": "{site} ÷ {it} of IT",
  "figure.pueText": "What the battery takes or gives is left out.",
  "figure.perM": "{j} × 1,000,000 = {energy}, at {rate} a kWh",
  "figure.costText": "The price is the tariff's of this hour; statements have their own prices.",
  "figure.carbonText": "The intensity is the grid's of this hour.",
  "figure.today": "Today's is the same, summed second by second",
} as const;
