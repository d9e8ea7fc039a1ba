// SPDX-License-Identifier: LGPL-2.1-or-later
// npm_xen_api.mjs – a VM's life through npm xen-api (Xen Orchestra's client): node npm_xen_api.mjs URL USER PASSWORD TRANSPORT
// Prints one JSON array for each result: [what, got, want]. After ["crash"] it waits for a line: the daemon has been
// killed and runs again.
import { once } from 'events'
import { createInterface } from 'readline'
import { createClient } from 'xen-api'

const MIB = 2 ** 20
const [url, user, password, transport] = process.argv.slice(2)
const is = (what, got, want) => console.log(JSON.stringify([what, got, want]))

async function code(promise) {
  try {
    return ['done', await promise]
  } catch (error) {
    return [error.code, ...(error.params ?? [error.message])]
  }
}

async function settled(xapi, task) {
  let status
  do {
    status = await xapi.getField('task', task, 'status')
  } while (status === 'pending')
  return status
}

async function inactive(xapi, ref) {
  await xapi.call('VM.set_memory_limits', ref, 0, 256 * MIB, 128 * MIB, 256 * MIB)
  await xapi.call('VM.set_VCPUs_max', ref, 4)
  await xapi.setField('VM', ref, 'VCPUs_at_startup', 2)
  await xapi.setFieldEntries('VM', ref, 'other_config', { a: '<&"é😀', b: '' })
  const vm = await xapi.getRecord('VM', ref)
  is('memory', [vm.memory_dynamic_min, vm.memory_dynamic_max].map(Number), [128 * MIB, 256 * MIB])
  is('vCPUs', [vm.VCPUs_at_startup, vm.VCPUs_max].map(Number), [2, 4])
  is('a map', [vm.other_config.a, vm.other_config.b], ['<&"é😀', ''])
  is('ints', typeof vm.memory_static_max, transport === 'xml-rpc' ? 'string' : 'number')
  is('an empty text', vm.name_description, '')
  is('a date', vm.snapshot_time, transport === 'xml-rpc' ? '1970-01-01T00:00:00.000Z' : '19700101T00:00:00Z')
}

async function active(xapi, ref) {
  const task = await xapi.call('Async.VM.start', ref, false, false)
  is('starting it as a task', await settled(xapi, task), 'success')
  is('its result', await xapi.getField('task', task, 'result'), '<value></value>')
  await xapi.call('task.destroy', task)
  is('it runs', await xapi.getField('VM', ref, 'power_state'), 'Running')
  await xapi.call('VM.set_memory_dynamic_range', ref, 64 * MIB, 192 * MIB)
  is('live memory', Number(await xapi.getField('VM', ref, 'memory_dynamic_max')), 192 * MIB)
  await xapi.call('VM.set_VCPUs_number_live', ref, 3)
  is('live vCPUs', Number(await xapi.getField('VM', ref, 'VCPUs_at_startup')), 3)
  is('what only a halted VM can do', await code(xapi.call('VM.set_VCPUs_max', ref, 4)),
    ['VM_BAD_POWER_STATE', ref, 'halted', 'running'])
  await xapi.call('VM.hard_shutdown', ref)
  is('it is off', await xapi.getField('VM', ref, 'power_state'), 'Halted')
}

async function live(xapi) {
  await xapi.connect()
  is('connected', xapi.status, 'connected')
  is('the pool it found', xapi.pool.master, (await xapi.call('host.get_all'))[0])
  const ref = await xapi.call('VM.create', { name_label: 'from npm', memory_static_max: 256 * MIB })
  is('it is listed', (await xapi.getAllRecords('VM')).filter(vm => vm.$ref === ref).map(vm => vm.name_label), ['from npm'])
  await inactive(xapi, ref)
  await active(xapi, ref)
  await xapi.call('VM.destroy', ref)
  is('a VM that is gone', await code(xapi.getRecord('VM', ref)), ['HANDLE_INVALID', 'VM', ref])
  is('a message that nobody knows', await code(xapi.call('VM.no_such', ref)), ['MESSAGE_METHOD_UNKNOWN', 'VM.no_such'])
  is('too few parameters', await code(xapi.call('VM.set_name_label')),
    ['MESSAGE_PARAMETER_COUNT_MISMATCH', 'VM.set_name_label', '2', '0'])
  await xapi.disconnect()
}

// As Xen Orchestra works: the client keeps all objects by events, calls are tasks.
async function follow(xapi) {
  await xapi.connect()
  await xapi.objectsFetched
  is('all objects are there', xapi.getObject(xapi.pool.master).$type, 'host')
  const ref = await xapi.callAsync('VM.create', { name_label: 'followed', memory_static_max: 256 * MIB })
  is('a task that makes a VM, and its event', (await xapi.barrier(ref)).name_label, 'followed')
  is('a task without a result', await xapi.callAsync('VM.start', ref, false, false), '')
  const vm = await xapi.barrier(ref)
  is('it runs', [vm.power_state, vm.$resident_on.$ref, vm.$metrics.$type], ['Running', xapi.pool.master, 'VM_metrics'])
  is('a task that fails', await code(xapi.callAsync('VM.unpause', ref)), ['VM_BAD_POWER_STATE', ref, 'paused', 'running'])
  await vm.update_other_config({ a: 'b' })
  await vm.$callAsync('hard_shutdown')
  const off = await xapi.barrier(ref)
  is('changes', [off.power_state, off.other_config.a], ['Halted', 'b'])
  return ref
}

async function crash(xapi, ref) {
  const lines = createInterface({ input: process.stdin })
  console.log(JSON.stringify(['crash']))
  await once(lines, 'line')
  lines.close()
  await xapi.setField('VM', ref, 'name_label', 'after')
  is('after kill -9 it goes on', (await xapi.barrier(ref)).name_label, 'after')
  await xapi.callAsync('VM.destroy', ref)
  await xapi.barrier()
  is('a VM that is gone', xapi.getObject(ref, 'gone'), 'gone')
  await xapi.disconnect()
}

// It reads all objects before it registers, and what happens between is lost to it: until an event comes.
async function registered(xapi) {
  const before = xapi.pool.name_description
  for (let i = Date.now(); xapi.pool.name_description === before; ++i) {
    await xapi.setField('pool', xapi.pool.$ref, 'name_description', String(i))
  }
}

// What the client does with a server that has no event.inject: event.register and event.next.
async function followLegacy(xapi) {
  await xapi.connect()
  xapi._watchEventsLegacy()
  await xapi.objectsFetched
  await registered(xapi)
  const ref = await xapi.call('VM.create', { name_label: 'legacy' })
  is('event.next: a new VM', (await xapi.barrier(ref)).name_label, 'legacy')
  await xapi.setField('VM', ref, 'name_label', 'changed')
  is('event.next: a change', (await xapi.barrier(ref)).name_label, 'changed')
  await xapi.call('VM.destroy', ref)
  await xapi.barrier()
  is('event.next: a VM that is gone', xapi.getObject(ref, 'gone'), 'gone')
  await xapi.disconnect()
}

const wrong = createClient({ url, auth: { user, password: password + 'x' }, transport, watchEvents: false })
is('a wrong password', (await code(wrong.connect()))[0], 'SESSION_AUTHENTICATION_FAILED')
await live(createClient({ url, auth: { user, password }, transport, watchEvents: false }))
await followLegacy(createClient({ url, auth: { user, password }, transport, watchEvents: false, debounce: 10 }))
const followed = createClient({ url, auth: { user, password }, transport, debounce: 10, eventPollDelay: 50 })
await crash(followed, await follow(followed))
// Connections that are kept alive do not keep the process.
process.exit()
