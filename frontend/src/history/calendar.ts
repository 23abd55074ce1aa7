export * from "../time/calendar";
