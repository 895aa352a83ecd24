// Blocks without a named language, such as commands and output, are not guessed to be code.
export default {
  configureHljs: hljs => hljs.configure({ languages: [] }),
}
