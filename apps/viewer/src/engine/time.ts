/** How many of each unit of time a year has. */
export const PER_YEAR = { days: 365.25, months: 12, years: 1 } as const;
