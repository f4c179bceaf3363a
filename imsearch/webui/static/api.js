// Shows the OpenAPI document with Swagger UI, which swagger-ui-bundle.js has put into the window.

const place = document.getElementById("reference");

window.SwaggerUIBundle({
  url: place.dataset.document,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // no document is sent anywhere
});
