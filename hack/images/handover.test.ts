import { describe, expect, it } from 'vitest'
import { handoverOf, inHandover } from './handover.ts'

const image = { name: 'docker.io/batchsender/worker', tag: 'dev-1' }

describe('images for a cluster of the caller', () => {
  it('are built by docker, unless another program is named', () => {
    const load = { IMAGE_LOAD: 'kind load docker-image --name demo' }
    expect(handoverOf(load)).toEqual({
      build: ['docker', 'build'],
      hand: ['kind', 'load', 'docker-image', '--name', 'demo'],
    })
    expect(handoverOf({ ...load, IMAGE_BUILD: 'podman build' }).build).toEqual(['podman', 'build'])
  })

  it('keep their names when they are loaded, and have those of the registry when they are pushed', () => {
    expect(inHandover(handoverOf({ IMAGE_LOAD: 'k3d image import' }), image)).toEqual(image)
    const pushed = handoverOf({ IMAGE_REGISTRY: 'registry.example.com/team' })
    expect(pushed.hand).toEqual(['docker', 'push'])
    expect(inHandover(pushed, image).name).toBe('registry.example.com/team/batchsender/worker')
  })

  it.each([{}, { IMAGE_LOAD: ' ' }])('are not guessed: %o', (environment) => {
    expect(() => handoverOf(environment)).toThrow(/IMAGE_LOAD='kind load docker-image'.*IMAGE_REGISTRY=/)
  })
})
