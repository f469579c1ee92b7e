// What is tested: a module that is given its service, and subscribes its handlers.
const { PermanentError } = require('narad')

async function startBilling(kafka) {
  await kafka.subscribe('orders', async (order, { key }) => {
    if (order.total < 0) throw new PermanentError(`order ${order.id} has a negative total`)
    await kafka.send('invoices', { order: order.id, due: order.total }, { key })
  })
}

module.exports = { startBilling }
