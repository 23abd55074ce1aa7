/** The time zone of this browser: of what is of no single home. */
export const HERE = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
