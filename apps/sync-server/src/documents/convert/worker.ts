import { AppError } from "@octavo/schema";
import { tooDeep } from "@octavo/schema/document";
import type { Answer } from "../process-lane.ts";
import { digestOf, renderState, ydocFromContent } from "./conversions.ts";
import type { Job } from "./jobs.ts";

/**
 * A process of the pool: one job after another, each answered. It ends when its parent does; what a job throws
 * that has no code is a mistake and ends it too, with the reason on stderr.
 */
process.on("message", async (job: Job) => {
  process.send?.(await run(job));
});

async function run(job: Job): Promise<Answer> {
  try {
    return { type: "done", value: await convert(job) };
  } catch (error) {
    if (error instanceof AppError) return { type: "failed", code: error.code, message: error.message };
    // Recursion that the limits of depth did not foresee: the stack is whole again here.
    if (error instanceof RangeError && error.message.includes("call stack")) {
      const { code, message } = tooDeep();
      return { type: "failed", code, message };
    }
    throw error;
  }
}

function convert(job: Job): unknown {
  switch (job.type) {
    case "ydocFromContent":
      return ydocFromContent(job.content);
    case "renderState":
      return renderState(job.update, job.format);
    case "digest":
      return digestOf(job.update);
  }
}
