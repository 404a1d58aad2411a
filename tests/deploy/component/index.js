// Stands in for the component fc3, which the CLI would download: records what it gets.
const fs = require("fs");

class Recorder {
  async deploy(inputs) {
    const credential = await inputs.getCredential();
    const { props, args } = inputs;
    fs.appendFileSync(process.env.RECORD, JSON.stringify({ props, args, credential }) + "\n");
    return props;
  }

  async getSchema() {
    return fs.readFileSync(process.env.SCHEMA, "utf-8");
  }
}

module.exports = Recorder;
module.exports.default = Recorder;
