export default {
  /** @returns {{ target: string }} */
  request() {
    throw new Error('a fault in the code');
  },
};
