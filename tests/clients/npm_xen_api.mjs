// SPDX-License-Identifier: LGPL-2.1-or-later
// npm_xen_api.mjs – a VM's life through npm xen-api (Xen Orchestra's client): node npm_xen_api.mjs URL USER PASSWORD TRANSPORT
// Prints one JSON array for each result: [what, got, want].
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

const wrong = createClient({ url, auth: { user, password: password + 'x' }, transport, watchEvents: false })
is('a wrong password', (await code(wrong.connect()))[0], 'SESSION_AUTHENTICATION_FAILED')
await live(createClient({ url, auth: { user, password }, transport, watchEvents: false }))
// Connections that are kept alive do not keep the process.
process.exit()
