/** The releases whose documents stand beside these. They are asked for by the reader's browser, since later ones come later. */
import { useData } from 'vitepress'
import { defineComponent, h, onMounted, ref } from 'vue'

export const versionChoice = defineComponent(() => {
  const { site } = useData()
  const [, above = '/', own = ''] = /^(.*\/)([^/]+)\/$/.exec(site.value.base) ?? []
  const versions = ref([own])
  onMounted(async () => {
    const answer = await fetch(`${above}versions.json`).catch(() => undefined)
    if (answer?.ok) versions.value = (await answer.json()) as string[]
  })
  return () =>
    h(
      'select',
      {
        'aria-label': 'Release',
        style:
          'margin-left: 16px; padding: 2px 6px; border: 1px solid var(--vp-c-divider); border-radius: 4px',
        onChange: ({ target }: Event) => {
          window.location.href = `${above}${(target as HTMLSelectElement).value}/`
        },
      },
      versions.value.map((version) => h('option', { value: version, selected: version === own }, version)),
    )
})
