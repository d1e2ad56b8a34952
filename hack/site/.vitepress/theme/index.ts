import DefaultTheme from 'vitepress/theme'
import { h } from 'vue'
import { versionChoice } from './versionChoice.ts'

export default {
  extends: DefaultTheme,
  Layout: () =>
    h(DefaultTheme.Layout, null, {
      'nav-bar-content-after': () => h(versionChoice),
      'nav-screen-content-after': () => h(versionChoice),
    }),
}
